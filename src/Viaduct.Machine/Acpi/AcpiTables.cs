using System.Buffers.Binary;
using Viaduct.Machine.Boot;

namespace Viaduct.Machine.Acpi;

/// <summary>Builds the tables that describe a hardware-reduced ACPI machine to its guest (ACPI 6.5, chapter 5).</summary>
public static class AcpiTables
{
    private const int RsdpLength = 36;
    private const int TableAlignment = 16;
    private const ulong PageSize = 4096;

    /// <summary>Builds all tables for one place in guest memory.</summary>
    /// <exception cref="ArgumentException">The description contradicts itself, or the tables don't fit.</exception>
    public static AcpiImage Build(AcpiPlatform description)
    {
        if (description.ApicIds.Count == 0 || description.TablesAddress % PageSize != 0)
        {
            throw new ArgumentException("tables need a processor to describe and a page-aligned address", nameof(description));
        }

        List<byte> image = [.. new byte[RsdpLength]];
        ulong dsdt = Place(image, description, SystemDescription.Build(description));
        ulong fadt = Place(image, description, FixedDescription.Build(description, dsdt));
        ulong madt = Place(image, description, InterruptDescription.Build(description));
        ulong mcfg = Place(image, description, ConfigurationSpace(description));
        AcpiTable roots = new("XSDT", 1);
        roots.UInt64(fadt).UInt64(madt).UInt64(mcfg);
        ulong xsdt = Place(image, description, roots.Finish());

        byte[] bytes = [.. image];
        WriteRsdp(bytes, xsdt);
        if ((ulong)bytes.Length > description.TablesLength)
        {
            throw new ArgumentException($"the tables take {bytes.Length} bytes and there are {description.TablesLength}", nameof(description));
        }

        ulong pages = ((ulong)bytes.Length + PageSize - 1) / PageSize * PageSize;
        return new AcpiImage(
            description.TablesAddress,
            bytes,
            [
                new MemoryRange(description.TablesAddress, pages, MemoryRangeKind.AcpiReclaimable),
                new MemoryRange(description.EcamAddress, EcamLength(description), MemoryRangeKind.Reserved),
            ]);
    }

    /// <summary>Bytes of configuration space: 1 MiB a bus.</summary>
    internal static ulong EcamLength(AcpiPlatform description) => (description.LastBus + 1UL) << 20;

    private static ulong Place(List<byte> image, AcpiPlatform description, byte[] table)
    {
        int padding = -image.Count & (TableAlignment - 1);
        image.AddRange(new byte[padding]);
        ulong address = description.TablesAddress + (ulong)image.Count;
        image.AddRange(table);
        return address;
    }

    /// <summary>The MCFG (PCI Firmware Specification 3.3, 4.1.2).</summary>
    private static byte[] ConfigurationSpace(AcpiPlatform description)
    {
        AcpiTable table = new("MCFG", 1);
        table.UInt64(0);
        table.UInt64(description.EcamAddress).UInt16(0).UInt8(0).UInt8(description.LastBus).UInt32(0);
        return table.Finish();
    }

    /// <summary>The RSDP (5.2.5.3), which has two checksums: of the 20 bytes of ACPI 1.0, and of all.</summary>
    private static void WriteRsdp(Span<byte> at, ulong xsdt)
    {
        "RSD PTR "u8.CopyTo(at);
        "VIADCT"u8.CopyTo(at[9..]);
        at[15] = 2;
        BinaryPrimitives.WriteUInt32LittleEndian(at[20..], RsdpLength);
        BinaryPrimitives.WriteUInt64LittleEndian(at[24..], xsdt);
        at[8] = AcpiTable.Checksum(at[..20]);
        at[32] = AcpiTable.Checksum(at[..RsdpLength]);
    }
}
