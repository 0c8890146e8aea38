namespace Viaduct.Engines.Software.InterruptControllers;

/// <summary>The engine's one time base: the guest's TSC and its APIC timer count its nanoseconds, so that the two never drift apart.</summary>
public interface IEngineClock
{
    /// <summary>Nanoseconds since the machine was built. Never goes back; any thread.</summary>
    long Nanoseconds { get; }
}
