using System.Buffers.Binary;
using System.Text;
using Viaduct.Machine.Acpi;
using Xunit;

namespace Viaduct.Machine.Tests.Acpi;

/// <summary>Finds tables as a guest does: from the RSDP by addresses, checking every sum on the way.</summary>
internal sealed class ParsedTables
{
    private readonly AcpiImage _image;

    public ParsedTables(AcpiImage image)
    {
        _image = image;
        ReadOnlySpan<byte> rsdp = image.Bytes.Span[..36];
        Assert.Equal("RSD PTR "u8, rsdp[..8]);
        Assert.Equal(0, Sum(rsdp[..20]));
        Assert.Equal(0, Sum(rsdp));
        Assert.Equal(2, rsdp[15]);
        Assert.Equal(36u, BinaryPrimitives.ReadUInt32LittleEndian(rsdp[20..]));
        byte[] roots = At("XSDT", BinaryPrimitives.ReadUInt64LittleEndian(rsdp[24..]));
        for (int offset = 36; offset < roots.Length; offset += 8)
        {
            byte[] table = At(null, BinaryPrimitives.ReadUInt64LittleEndian(roots.AsSpan(offset)));
            Tables.Add(Encoding.ASCII.GetString(table, 0, 4), table);
        }

        Tables.Add("DSDT", At("DSDT", BinaryPrimitives.ReadUInt64LittleEndian(Tables["FACP"].AsSpan(140))));
    }

    public Dictionary<string, byte[]> Tables { get; } = [];

    public byte[] Fadt => Tables["FACP"];

    public byte[] Madt => Tables["APIC"];

    public Dictionary<string, object> Namespace => AmlReader.Read(Tables["DSDT"][36..]);

    /// <summary>The structures of the MADT by type.</summary>
    public IEnumerable<(int Type, byte[] Bytes)> Controllers()
    {
        for (int at = 44; at < Madt.Length; at += Madt[at + 1])
        {
            yield return (Madt[at], Madt[at..(at + Madt[at + 1])]);
        }
    }

    private byte[] At(string? signature, ulong address)
    {
        Assert.Equal(0ul, address % 16);
        ReadOnlySpan<byte> from = _image.Bytes.Span[(int)(address - _image.Address)..];
        int length = BinaryPrimitives.ReadInt32LittleEndian(from[4..]);
        byte[] table = from[..length].ToArray();
        Assert.Equal(0, Sum(table));
        Assert.Equal("VIADCT"u8, table.AsSpan(10, 6));
        if (signature is not null)
        {
            Assert.Equal(signature, Encoding.ASCII.GetString(table, 0, 4));
        }

        return table;
    }

    private static byte Sum(ReadOnlySpan<byte> bytes)
    {
        byte sum = 0;
        foreach (byte value in bytes)
        {
            sum += value;
        }

        return sum;
    }
}
