using Viaduct.Engines.Software;
using Viaduct.Machine.Acpi;
using Viaduct.Machine.Boot;
using Viaduct.Machine.Specification;
using Viaduct.Platform.Memory;
using Viaduct.Platform.Pci;

namespace Viaduct.Machine;

/// <summary>What firmware would leave in memory: ACPI's tables and the memory map.</summary>
internal static class BoardFirmware
{
    /// <summary>INTA to INTD of the root bus come to the I/O APIC from this input on.</summary>
    internal const int FirstPciInterrupt = 16;

    /// <summary>Where BARs go with an amount of RAM.</summary>
    internal static PciWindows Windows(ulong ram) => new()
    {
        Memory32Start = MemoryLayout.Mmio32Start,
        Memory32Length = MemoryLayout.Mmio32Length,
        Memory64Start = MemoryLayout.Mmio64Start(ram),
        Memory64Length = MemoryLayout.Mmio64Length,
        IoStart = MemoryLayout.IoStart,
        IoLength = MemoryLayout.IoLength,
    };

    /// <summary>Writes the tables.</summary>
    /// <returns>Where the RSDP is, and the memory map, by address.</returns>
    internal static (ulong Rsdp, IReadOnlyList<MemoryRange> Map) Write(GuestMemory memory, MachineSpec spec, PciRoot root, PciWindows windows)
    {
        AcpiImage tables = AcpiTables.Build(new AcpiPlatform
        {
            ApicIds = [.. Enumerable.Range(0, spec.Cpus).Select(id => (uint)id)],
            EcamAddress = MemoryLayout.EcamStart,
            LastBus = (byte)root.LastBus,
            Mmio32First = (uint)windows.Memory32Start,
            Mmio32Last = (uint)(windows.Memory32Start + windows.Memory32Length - 1),
            Mmio64First = windows.Memory64Start,
            Mmio64Last = windows.Memory64Start + windows.Memory64Length - 1,
            TablesAddress = MemoryLayout.FirmwareStart,
            TablesLength = MemoryLayout.FirmwareEnd - MemoryLayout.FirmwareStart,
            IoApicId = SoftwareEngine.IoApicId(spec.Cpus),
            FirstPciLine = FirstPciInterrupt,
            NativeControl = PciExpressControl.Capability | (spec.Assigned.Count != 0 ? PciExpressControl.HotPlug : PciExpressControl.None),
        });
        if (!memory.TryWrite(tables.Address, tables.Bytes.Span))
        {
            throw new InvalidOperationException("firmware's tables lie outside RAM");
        }

        return (tables.Address, MemoryMap(spec.Memory, tables.MemoryMap));
    }

    private static List<MemoryRange> MemoryMap(ulong ram, IReadOnlyList<MemoryRange> tables)
    {
        ulong low = Math.Min(ram, MemoryLayout.LowRamLimit);
        List<MemoryRange> map =
        [
            new(0, MemoryLayout.ConventionalEnd, MemoryRangeKind.Ram),
            new(MemoryLayout.ConventionalEnd, 0xA_0000 - MemoryLayout.ConventionalEnd, MemoryRangeKind.Reserved),
            new(MemoryLayout.FirmwareEnd, low - MemoryLayout.FirmwareEnd, MemoryRangeKind.Ram),
            .. tables,
        ];
        if (ram > low)
        {
            map.Add(new MemoryRange(MemoryLayout.HighRamStart, ram - low, MemoryRangeKind.Ram));
        }

        map.Sort((left, right) => left.Start.CompareTo(right.Start));
        return map;
    }
}
