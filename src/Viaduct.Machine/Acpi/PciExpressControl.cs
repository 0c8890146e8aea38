namespace Viaduct.Machine.Acpi;

/// <summary>Features that an operating system asks control of through _OSC; the values are those of its control field (PCI Firmware Specification 3.3, 4.5.1).</summary>
[Flags]
public enum PciExpressControl : uint
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>Native hot plug.</summary>
    HotPlug = 1 << 0,

    /// <summary>Native power management events.</summary>
    PowerManagementEvents = 1 << 2,

    /// <summary>Advanced error reporting.</summary>
    ErrorReporting = 1 << 3,

    /// <summary>The PCI Express capability structure.</summary>
    Capability = 1 << 4,

    /// <summary>Latency tolerance reporting.</summary>
    LatencyTolerance = 1 << 5,
}
