using System.Buffers.Binary;
using System.Text;

namespace Viaduct.Machine.Acpi;

/// <summary>A table under construction: the header that all have (ACPI 6.5, 5.2.6) and little-endian fields after it.</summary>
internal sealed class AcpiTable
{
    internal const int HeaderLength = 36;

    private const int LengthOffset = 4;
    private const int ChecksumOffset = 9;

    private readonly List<byte> _bytes = [];

    /// <param name="signature">Four characters.</param>
    /// <param name="revision">Of the table's layout.</param>
    internal AcpiTable(string signature, byte revision)
    {
        Text(signature, 4);
        UInt32(0);
        UInt8(revision);
        UInt8(0);
        Text("VIADCT", 6);
        Text("VIADUCT", 8);
        UInt32(1);
        Text("VIAD", 4);
        UInt32(1);
    }

    internal int Length => _bytes.Count;

    internal AcpiTable UInt8(byte value)
    {
        _bytes.Add(value);
        return this;
    }

    internal AcpiTable UInt16(ushort value) => Number(value, 2);

    internal AcpiTable UInt32(uint value) => Number(value, 4);

    internal AcpiTable UInt64(ulong value) => Number(value, 8);

    internal AcpiTable Zeros(int count) => Append(new byte[count]);

    internal AcpiTable Append(ReadOnlySpan<byte> bytes)
    {
        _bytes.AddRange(bytes);
        return this;
    }

    /// <summary>Characters, filled with NUL.</summary>
    internal AcpiTable Text(string text, int length) => Append(Encoding.ASCII.GetBytes(text.PadRight(length, '\0')));

    /// <summary>A generic address structure (5.2.3.2) of one byte in I/O space.</summary>
    internal AcpiTable IoByteRegister(ushort port)
    {
        const byte SystemIo = 1;
        const byte ByteAccess = 1;
        return UInt8(SystemIo).UInt8(8).UInt8(0).UInt8(ByteAccess).UInt64(port);
    }

    /// <summary>The bytes, with length and checksum filled in.</summary>
    internal byte[] Finish()
    {
        byte[] table = [.. _bytes];
        BinaryPrimitives.WriteUInt32LittleEndian(table.AsSpan(LengthOffset), (uint)table.Length);
        table[ChecksumOffset] = 0;
        table[ChecksumOffset] = Checksum(table);
        return table;
    }

    /// <summary>What makes the sum of all bytes zero.</summary>
    internal static byte Checksum(ReadOnlySpan<byte> bytes)
    {
        byte sum = 0;
        foreach (byte value in bytes)
        {
            sum += value;
        }

        return (byte)-sum;
    }

    private AcpiTable Number(ulong value, int length)
    {
        for (int i = 0; i < length; i++)
        {
            _bytes.Add((byte)(value >> (8 * i)));
        }

        return this;
    }
}
