using System.Buffers.Binary;

namespace Viaduct.Machine.Tests.Boot;

/// <summary>Writes 64-bit ELF executables, right ones and others.</summary>
internal sealed class ElfFile
{
    internal const int HeaderLength = 64;
    internal const int ProgramHeaderLength = 56;
    internal const uint Load = 1;
    internal const uint Note = 4;

    private readonly List<(uint Type, ulong Physical, byte[] Bytes, ulong MemoryLength)> _segments = [];

    internal ulong Entry { get; init; } = 0x100_0000;

    internal ElfFile Segment(ulong physical, byte[] bytes, ulong? memoryLength = null)
    {
        _segments.Add((Load, physical, bytes, memoryLength ?? (ulong)bytes.Length));
        return this;
    }

    /// <summary>Adds the note with PVH's entry, after one of another kind.</summary>
    internal ElfFile PvhEntry(uint address)
    {
        byte[] notes = new byte[20 + 16];
        BinaryPrimitives.WriteInt32LittleEndian(notes, 4);
        BinaryPrimitives.WriteInt32LittleEndian(notes.AsSpan(4), 3);
        BinaryPrimitives.WriteInt32LittleEndian(notes.AsSpan(8), 3);
        "GNU\0"u8.CopyTo(notes.AsSpan(12));
        Span<byte> entry = notes.AsSpan(20);
        BinaryPrimitives.WriteInt32LittleEndian(entry, 4);
        BinaryPrimitives.WriteInt32LittleEndian(entry[4..], 4);
        BinaryPrimitives.WriteInt32LittleEndian(entry[8..], 18);
        byte[] all = [.. notes, .. new byte[4]];
        "Xen\0"u8.CopyTo(all.AsSpan(32));
        BinaryPrimitives.WriteUInt32LittleEndian(all.AsSpan(36), address);
        _segments.Add((Note, 0, all, (ulong)all.Length));
        return this;
    }

    internal byte[] Build()
    {
        List<byte> file = [.. new byte[HeaderLength + (_segments.Count * ProgramHeaderLength)]];
        List<byte[]> headers = [];
        foreach ((uint type, ulong physical, byte[] bytes, ulong memoryLength) in _segments)
        {
            byte[] header = new byte[ProgramHeaderLength];
            BinaryPrimitives.WriteUInt32LittleEndian(header, type);
            BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(8), (ulong)file.Count);
            BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(24), physical);
            BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(32), (ulong)bytes.Length);
            BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(40), memoryLength);
            headers.Add(header);
            file.AddRange(bytes);
        }

        byte[] elf = [.. file];
        ((ReadOnlySpan<byte>)[0x7F, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1]).CopyTo(elf);
        BinaryPrimitives.WriteUInt16LittleEndian(elf.AsSpan(16), 2);
        BinaryPrimitives.WriteUInt16LittleEndian(elf.AsSpan(18), 62);
        BinaryPrimitives.WriteUInt64LittleEndian(elf.AsSpan(24), Entry);
        BinaryPrimitives.WriteUInt64LittleEndian(elf.AsSpan(32), HeaderLength);
        BinaryPrimitives.WriteUInt16LittleEndian(elf.AsSpan(54), ProgramHeaderLength);
        BinaryPrimitives.WriteUInt16LittleEndian(elf.AsSpan(56), (ushort)_segments.Count);
        for (int i = 0; i < headers.Count; i++)
        {
            headers[i].CopyTo(elf, HeaderLength + (i * ProgramHeaderLength));
        }

        return elf;
    }
}
