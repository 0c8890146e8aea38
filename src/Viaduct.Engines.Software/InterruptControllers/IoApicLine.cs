using Viaduct.Platform.Interrupts;

namespace Viaduct.Engines.Software.InterruptControllers;

/// <summary>One source's wire to a pin of the I/O APIC.</summary>
internal sealed class IoApicLine : IInterruptLine
{
    private readonly IoApic _ioApic;

    public IoApicLine(IoApic ioApic, int pin)
    {
        _ioApic = ioApic;
        Pin = pin;
    }

    public int Pin { get; }

    /// <summary>How the wire stands; changed by the I/O APIC under its lock.</summary>
    public bool IsAsserted { get; set; }

    public void Set(bool asserted) => _ioApic.Change(this, asserted);
}
