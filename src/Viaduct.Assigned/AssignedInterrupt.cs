namespace Viaduct.Assigned;

/// <summary>The interrupts of an assigned device, by kind; the numbers are VFIO's indices for PCI.</summary>
public enum AssignedInterrupt
{
    /// <summary>The pin.</summary>
    Intx = 0,

    /// <summary>Message-signalled interrupts.</summary>
    Msi = 1,

    /// <summary>Message-signalled interrupts with a table.</summary>
    Msix = 2,

    /// <summary>The device reports an error that can't be corrected.</summary>
    Error = 3,

    /// <summary>The host wants the device back.</summary>
    Request = 4,
}
