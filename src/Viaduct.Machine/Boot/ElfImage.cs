using System.Buffers.Binary;

namespace Viaduct.Machine.Boot;

/// <summary>A 64-bit or 32-bit x86 ELF executable (System V ABI, chapters 4 and 5), its headers checked once.</summary>
internal sealed class ElfImage
{
    private const int HeaderLength = 64;
    private const byte Class32 = 1;
    private const byte Class64 = 2;
    private const ushort MachineI386 = 3;
    private const ushort MachineX8664 = 62;
    private const uint Load = 1;
    private const uint Note = 4;
    private const uint XenPhysicalEntry = 18;

    private readonly string _path;
    private readonly byte[] _bytes;
    private readonly bool _is64;
    private readonly List<Segment> _segments = [];

    /// <exception cref="KernelImageException">It isn't one, or it is broken.</exception>
    internal ElfImage(string path, byte[] bytes)
    {
        _path = path;
        _bytes = bytes;
        ReadOnlySpan<byte> header = bytes;
        if (!IsElf(header) || header.Length < HeaderLength || header[4] is not (Class32 or Class64) || header[5] != 1)
        {
            throw new KernelImageException(path, "is not a little-endian ELF file");
        }

        _is64 = header[4] == Class64;
        if (BinaryPrimitives.ReadUInt16LittleEndian(header[18..]) != (_is64 ? MachineX8664 : MachineI386))
        {
            throw new KernelImageException(path, "is an ELF file for another processor than x86");
        }

        Entry = Word(header, 24, 24);
        ulong table = Word(header, 28, 32);
        int count = BinaryPrimitives.ReadUInt16LittleEndian(header[(_is64 ? 56 : 44)..]);
        int length = _is64 ? 56 : 32;
        if (BinaryPrimitives.ReadUInt16LittleEndian(header[(_is64 ? 54 : 42)..]) != length
            || table > (ulong)header.Length
            || (ulong)header.Length - table < (ulong)(count * length))
        {
            throw new KernelImageException(path, "has its ELF program headers outside the file");
        }

        for (int i = 0; i < count; i++)
        {
            Add(header.Slice((int)table + (i * length), length));
        }
    }

    /// <summary>The entry that the header names; a physical address in a Linux kernel.</summary>
    internal ulong Entry { get; }

    /// <summary>The 32-bit entry of PVH, from a Xen note; null when there is none.</summary>
    internal ulong? PvhEntry { get; private set; }

    /// <summary>The end of the highest segment in memory.</summary>
    internal ulong End { get; private set; }

    internal static bool IsElf(ReadOnlySpan<byte> bytes) => bytes.StartsWith("\u007fELF"u8);

    /// <summary>Copies the segments to their physical addresses. The rest of each is zero already: memory is fresh.</summary>
    internal void LoadInto(BootMemory memory)
    {
        foreach (Segment segment in _segments)
        {
            if (segment.Physical + segment.MemoryLength > memory.LowRamEnd)
            {
                throw new KernelImageException(_path, $"needs memory to {segment.Physical + segment.MemoryLength:x}, and the guest's ends at {memory.LowRamEnd:x}: give it more with --memory");
            }

            memory.Write(_path, "a segment", segment.Physical, _bytes.AsSpan((int)segment.Offset, (int)segment.FileLength));
        }
    }

    private void Add(ReadOnlySpan<byte> header)
    {
        uint type = BinaryPrimitives.ReadUInt32LittleEndian(header);
        if (type is not (Load or Note))
        {
            return;
        }

        Segment segment = new(Word(header, 4, 8), Word(header, 12, 24), Word(header, 16, 32), Word(header, 20, 40));
        if (segment.Offset > (ulong)_bytes.Length || segment.FileLength > (ulong)_bytes.Length - segment.Offset
            || segment.Physical + segment.MemoryLength < segment.Physical)
        {
            throw new KernelImageException(_path, $"has an ELF segment at {segment.Offset:x} of {segment.FileLength:x} bytes, outside the file");
        }

        if (type == Note)
        {
            ReadNotes(_bytes.AsSpan((int)segment.Offset, (int)segment.FileLength));
            return;
        }

        if (segment.FileLength > segment.MemoryLength)
        {
            throw new KernelImageException(_path, $"has an ELF segment of {segment.FileLength:x} bytes for {segment.MemoryLength:x} in memory");
        }

        _segments.Add(segment);
        End = Math.Max(End, segment.Physical + segment.MemoryLength);
    }

    private ulong Word(ReadOnlySpan<byte> header, int at32, int at64) => _is64
        ? BinaryPrimitives.ReadUInt64LittleEndian(header[at64..])
        : BinaryPrimitives.ReadUInt32LittleEndian(header[at32..]);

    private void ReadNotes(ReadOnlySpan<byte> notes)
    {
        while (notes.Length >= 12)
        {
            uint nameLength = BinaryPrimitives.ReadUInt32LittleEndian(notes);
            uint valueLength = BinaryPrimitives.ReadUInt32LittleEndian(notes[4..]);
            uint type = BinaryPrimitives.ReadUInt32LittleEndian(notes[8..]);
            ulong nameEnd = 12 + (((ulong)nameLength + 3) & ~3UL);
            ulong end = nameEnd + (((ulong)valueLength + 3) & ~3UL);
            if (end > (ulong)notes.Length)
            {
                return;
            }

            ReadOnlySpan<byte> name = notes.Slice(12, (int)nameLength);
            ReadOnlySpan<byte> value = notes.Slice((int)nameEnd, (int)valueLength);
            if (type == XenPhysicalEntry && name.SequenceEqual("Xen\0"u8) && value.Length >= 4)
            {
                PvhEntry = BinaryPrimitives.ReadUInt32LittleEndian(value);
            }

            notes = notes[(int)end..];
        }
    }

    private readonly record struct Segment(ulong Offset, ulong Physical, ulong FileLength, ulong MemoryLength);
}
