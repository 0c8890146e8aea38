namespace Viaduct.Machine.Acpi;

/// <summary>What the tables tell a guest of its machine. Addresses are guest physical; ranges include their last address.</summary>
public sealed record AcpiPlatform
{
    /// <summary>Local APIC ids of the processors, the boot processor first.</summary>
    public required IReadOnlyList<uint> ApicIds { get; init; }

    /// <summary>Where PCI Express configuration space of bus 0 is.</summary>
    public required ulong EcamAddress { get; init; }

    /// <summary>The highest bus number of the root complex.</summary>
    public required byte LastBus { get; init; }

    /// <summary>The first address of the window for BARs below 4 GiB.</summary>
    public required uint Mmio32First { get; init; }

    /// <summary>The last address of that window.</summary>
    public required uint Mmio32Last { get; init; }

    /// <summary>The first address of the window for BARs above memory; no window when null.</summary>
    public ulong? Mmio64First { get; init; }

    /// <summary>The last address of that window.</summary>
    public ulong Mmio64Last { get; init; }

    /// <summary>Where the tables go: 16-byte aligned and, to be found without a boot loader's help, in 0xE0000 to 0xFFFFF.</summary>
    public ulong TablesAddress { get; init; } = 0xE0000;

    /// <summary>Bytes there are for tables.</summary>
    public ulong TablesLength { get; init; } = 0x10000;

    /// <summary>Registers of the I/O APIC, which has the interrupts from 0 on.</summary>
    public uint IoApicAddress { get; init; } = 0xFEC0_0000;

    /// <summary>The I/O APIC's id.</summary>
    public required byte IoApicId { get; init; }

    /// <summary>Registers of the local APICs.</summary>
    public uint LocalApicAddress { get; init; } = 0xFEE0_0000;

    /// <summary>The global system interrupt of the first of the four lines that INTx pins share.</summary>
    public uint FirstPciLine { get; init; } = 16;

    /// <summary>What of PCI Express the guest may control itself, besides the capability structure.</summary>
    public PciExpressControl NativeControl { get; init; }

    /// <summary>Whether there is a 16550A at COM1's ports, on interrupt 4.</summary>
    public bool HasSerialPort { get; init; } = true;

    /// <summary>Whether there is an MC146818 at ports 0x70 and 0x71, on interrupt 8.</summary>
    public bool HasRealTimeClock { get; init; } = true;
}
