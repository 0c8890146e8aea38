using System.Buffers.Binary;

namespace Viaduct.Cli.Tests.Terminal;

/// <summary>An ELF file of a few hundred bytes that PVH starts: it prints R on the serial port, and powers off at any key.</summary>
internal static class TinyKernel
{
    private const int CodeOffset = 0x1000;
    private const int NoteOffset = 0x200;
    private const uint Start = 0x20_0000;
    private const int PhysicalEntry = 18;

    private static readonly byte[] _code =
    [
        0x66, 0xBA, 0xFB, 0x03, // mov dx, 3FBh: the line control register
        0xB0, 0x03, 0xEE,       // mov al, 3; out dx, al: eight bits
        0x66, 0xBA, 0xF8, 0x03, // mov dx, 3F8h
        0xB0, (byte)'R', 0xEE,  // mov al, 'R'; out dx, al
        0x66, 0xBA, 0xFD, 0x03, // mov dx, 3FDh: the line status register
        0xEC, 0xA8, 0x01,       // in al, dx; test al, 1
        0x74, 0xFB,             // jz: until a key is there
        0x66, 0xBA, 0x04, 0x06, // mov dx, 604h: power management
        0x66, 0xB8, 0x00, 0x34, // mov ax, 3400h
        0x66, 0xEF,             // out dx, ax
        0xF4, 0xEB, 0xFD,       // hlt, for ever
    ];

    internal static byte[] Build()
    {
        byte[] file = new byte[CodeOffset + _code.Length];
        Span<byte> header = file;
        "\u007fELF\u0002\u0001\u0001"u8.CopyTo(header);
        BinaryPrimitives.WriteUInt16LittleEndian(header[16..], 2);
        BinaryPrimitives.WriteUInt16LittleEndian(header[18..], 62);
        BinaryPrimitives.WriteUInt64LittleEndian(header[24..], Start);
        BinaryPrimitives.WriteUInt64LittleEndian(header[32..], 64);
        BinaryPrimitives.WriteUInt16LittleEndian(header[54..], 56);
        BinaryPrimitives.WriteUInt16LittleEndian(header[56..], 2);
        Segment(header[64..], 1, CodeOffset, Start, (ulong)_code.Length);
        Segment(header[120..], 4, NoteOffset, 0, 20);
        Span<byte> note = header[NoteOffset..];
        BinaryPrimitives.WriteInt32LittleEndian(note, 4);
        BinaryPrimitives.WriteInt32LittleEndian(note[4..], 4);
        BinaryPrimitives.WriteInt32LittleEndian(note[8..], PhysicalEntry);
        "Xen\0"u8.CopyTo(note[12..]);
        BinaryPrimitives.WriteUInt32LittleEndian(note[16..], Start);
        _code.CopyTo(header[CodeOffset..]);
        return file;
    }

    private static void Segment(Span<byte> header, uint type, ulong offset, ulong address, ulong length)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(header, type);
        BinaryPrimitives.WriteUInt64LittleEndian(header[8..], offset);
        BinaryPrimitives.WriteUInt64LittleEndian(header[16..], address);
        BinaryPrimitives.WriteUInt64LittleEndian(header[24..], address);
        BinaryPrimitives.WriteUInt64LittleEndian(header[32..], length);
        BinaryPrimitives.WriteUInt64LittleEndian(header[40..], length);
    }
}
