namespace Viaduct.Platform.Interrupts;

/// <summary>One wire to an interrupt controller. Several devices that share a wire each have a line of their own, and the controller sees their OR.</summary>
public interface IInterruptLine
{
    /// <summary>Asserts or releases the line. Idempotent; any thread; must not block.</summary>
    void Set(bool asserted);
}
