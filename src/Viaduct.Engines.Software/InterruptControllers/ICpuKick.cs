namespace Viaduct.Engines.Software.InterruptControllers;

/// <summary>How an interrupt controller gets a processor's attention.</summary>
public interface ICpuKick
{
    /// <summary>Something may have become deliverable: look at the local APIC before long, and wake from HLT for it. Any thread, the processor's own included; cheap; must not block.</summary>
    void Kick();
}
