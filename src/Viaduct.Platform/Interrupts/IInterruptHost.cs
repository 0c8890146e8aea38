namespace Viaduct.Platform.Interrupts;

/// <summary>
/// Takes over a function's interrupts from its registers, for a host that shows the guest tables and masks of its own.
/// Any thread; nothing here blocks.
/// </summary>
public interface IInterruptHost
{
    /// <summary>Whether messages are wanted rather than the pin.</summary>
    bool UsesMessages { get; }

    /// <summary>Raises a message, MSI or MSI-X.</summary>
    void Signal(int vector);

    /// <summary>Asserts or releases the pin.</summary>
    void SetPin(bool asserted);
}
