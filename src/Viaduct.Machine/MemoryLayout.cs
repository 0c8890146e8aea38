namespace Viaduct.Machine;

/// <summary>The guest physical address map of the board.</summary>
public static class MemoryLayout
{
    /// <summary>RAM below 4 GiB ends here at the latest; the rest goes on at <see cref="HighRamStart"/>.</summary>
    public const ulong LowRamLimit = 0xC000_0000;

    /// <summary>32-bit BARs.</summary>
    public const ulong Mmio32Start = 0xC000_0000;

    /// <summary>Bytes for 32-bit BARs.</summary>
    public const ulong Mmio32Length = 0x2000_0000;

    /// <summary>PCI Express configuration space.</summary>
    public const ulong EcamStart = 0xE000_0000;

    /// <summary>RAM above 4 GiB.</summary>
    public const ulong HighRamStart = 0x1_0000_0000;

    /// <summary>Bytes for 64-bit BARs.</summary>
    public const ulong Mmio64Length = 0x40_0000_0000;

    /// <summary>64-bit BARs begin at the first multiple of this above RAM.</summary>
    public const ulong Mmio64Alignment = 0x10_0000_0000;

    /// <summary>Ports of BARs.</summary>
    public const ulong IoStart = 0x1000;

    /// <summary>How many ports for BARs.</summary>
    public const ulong IoLength = 0xF000;

    /// <summary>Conventional memory ends here: the kernel must not take what firmware keeps above.</summary>
    public const ulong ConventionalEnd = 0x9_FC00;

    /// <summary>Where firmware's tables are.</summary>
    public const ulong FirmwareStart = 0xE_0000;

    /// <summary>The end of <see cref="FirmwareStart"/>'s area.</summary>
    public const ulong FirmwareEnd = 0x10_0000;

    /// <summary>Where 64-bit BARs begin with an amount of RAM.</summary>
    public static ulong Mmio64Start(ulong ramBytes)
    {
        ulong end = HighRamStart + (ramBytes > LowRamLimit ? ramBytes - LowRamLimit : 0);
        return (end + Mmio64Alignment - 1) / Mmio64Alignment * Mmio64Alignment;
    }
}
