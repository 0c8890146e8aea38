using System.Buffers.Binary;
using SharpCompress.Compressors.LZMA;

namespace Viaduct.Machine.Compression;

/// <summary>
/// Unpacks what Linux's build packs with xz (The .xz File Format 1.2): LZMA2, after the x86 filter or not, with a CRC-32
/// or no check. Only the innermost part, LZMA2, is left to SharpCompress, and the check covers it.
/// </summary>
internal static class XzFile
{
    private const int StreamHeaderLength = 12;
    private const byte CheckNone = 0;
    private const byte CheckCrc32 = 1;
    private const ulong FilterX86 = 0x04;
    private const ulong FilterLzma2 = 0x21;
    private const int LargestDictionary = 40;

    /// <summary>Whether a file begins as one does.</summary>
    internal static bool IsXz(ReadOnlySpan<byte> file) => file.StartsWith((ReadOnlySpan<byte>)[0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00]);

    /// <summary>Unpacks the first stream.</summary>
    /// <param name="file">The file.</param>
    /// <param name="limit">The most bytes that may come out.</param>
    /// <exception cref="InvalidDataException">It is broken, made in a way that Linux doesn't unpack either, or too long.</exception>
    internal static byte[] Unpack(ReadOnlySpan<byte> file, int limit)
    {
        if (!IsXz(file) || file.Length < StreamHeaderLength || file[6] != 0
            || Crc32.Compute(file.Slice(6, 2)) != BinaryPrimitives.ReadUInt32LittleEndian(file[8..]))
        {
            throw new InvalidDataException("it has no XZ header");
        }

        byte check = file[7];
        if (check is not (CheckNone or CheckCrc32))
        {
            throw new InvalidDataException($"its XZ check is of type {check}; Linux knows CRC-32 alone");
        }

        byte[] unpacked = [];
        ReadOnlySpan<byte> rest = file[StreamHeaderLength..];

        // A block's header begins with its length, the index with a zero.
        while (!rest.IsEmpty && rest[0] != 0)
        {
            byte[] block = UnpackBlock(ref rest, check, limit - unpacked.Length);
            unpacked = unpacked.Length == 0 ? block : [.. unpacked, .. block];
        }

        return rest.IsEmpty ? throw Truncated() : unpacked;
    }

    private static byte[] UnpackBlock(ref ReadOnlySpan<byte> rest, byte check, int limit)
    {
        int headerLength = (rest[0] + 1) * 4;
        if (rest.Length < headerLength
            || Crc32.Compute(rest[..(headerLength - 4)]) != BinaryPrimitives.ReadUInt32LittleEndian(rest[(headerLength - 4)..]))
        {
            throw new InvalidDataException("an XZ block's header is broken");
        }

        (bool filtered, byte dictionary) = ReadFilters(rest[1..(headerLength - 4)]);
        ReadOnlySpan<byte> body = rest[headerLength..];
        (int packed, int length) = Measure(body, limit);
        byte[] block = Decode(body[..packed], length, dictionary);
        if (filtered)
        {
            X86BranchFilter.Decode(block);
        }

        int end = (packed + 3) & ~3;
        int checkLength = check == CheckCrc32 ? 4 : 0;
        if (body.Length < end + checkLength)
        {
            throw Truncated();
        }

        if (check == CheckCrc32 && Crc32.Compute(block) != BinaryPrimitives.ReadUInt32LittleEndian(body[end..]))
        {
            throw new InvalidDataException("its CRC-32 differs from what it unpacks to");
        }

        rest = body[(end + checkLength)..];
        return block;
    }

    // Block flags, two sizes that may be there, and for each filter its number, the length of its properties, and those.
    private static (bool Filtered, byte Dictionary) ReadFilters(ReadOnlySpan<byte> header)
    {
        byte flags = header[0];
        header = header[1..];
        for (int size = flags >> 6; size != 0; size &= size - 1)
        {
            _ = ReadNumber(ref header);
        }

        int count = (flags & 3) + 1;
        bool filtered = count == 2 && ReadNumber(ref header) == FilterX86 && ReadNumber(ref header) == 0;
        if ((count == 1 || filtered) && ReadNumber(ref header) == FilterLzma2 && ReadNumber(ref header) == 1
            && !header.IsEmpty && header[0] <= LargestDictionary)
        {
            return (filtered, header[0]);
        }

        throw new InvalidDataException("its XZ filters are others than x86 and LZMA2");
    }

    private static ulong ReadNumber(ref ReadOnlySpan<byte> from)
    {
        ulong value = 0;
        for (int i = 0; i < Math.Min(from.Length, 9); i++)
        {
            value |= (ulong)(from[i] & 0x7F) << (7 * i);
            if ((from[i] & 0x80) == 0)
            {
                from = from[(i + 1)..];
                return value;
            }
        }

        throw Truncated();
    }

    /// <summary>Walks the chunks of LZMA2, which say how long they are packed and unpacked.</summary>
    private static (int Packed, int Length) Measure(ReadOnlySpan<byte> chunks, int limit)
    {
        const byte End = 0;
        const byte PlainWithoutReset = 2;
        const byte Lzma = 0x80;
        const byte LzmaWithProperties = 0xC0;
        int at = 0;
        long length = 0;
        while (at < chunks.Length && chunks[at] != End)
        {
            byte control = chunks[at];
            int header = control switch
            {
                <= PlainWithoutReset => 3,
                < Lzma => throw new InvalidDataException("an LZMA2 chunk is of no known kind"),
                < LzmaWithProperties => 5,
                _ => 6,
            };
            if (chunks.Length - at < header)
            {
                throw Truncated();
            }

            int unpacked = BinaryPrimitives.ReadUInt16BigEndian(chunks[(at + 1)..]) + 1;
            unpacked += control >= Lzma ? (control & 0x1F) << 16 : 0;
            int packed = control >= Lzma ? BinaryPrimitives.ReadUInt16BigEndian(chunks[(at + 3)..]) + 1 : unpacked;
            if (chunks.Length - at - header < packed)
            {
                throw Truncated();
            }

            at += header + packed;
            length += unpacked;
            if (length > limit)
            {
                throw new InvalidDataException($"it unpacks to more than {limit} bytes");
            }
        }

        return at < chunks.Length ? (at + 1, (int)length) : throw Truncated();
    }

    private static byte[] Decode(ReadOnlySpan<byte> chunks, int length, byte dictionary)
    {
        // More than all that comes out is never looked back at.
        while (dictionary > 0 && DictionarySize(dictionary - 1) >= (uint)length)
        {
            dictionary--;
        }

        using MemoryStream packed = new(chunks.ToArray());
        return LzmaDecoder.Decode(() => LzmaStream.Create([dictionary], packed, packed.Length, length, null, isLzma2: true), length);
    }

    private static ulong DictionarySize(int property) => (2UL | ((uint)property & 1)) << ((property / 2) + 11);

    private static InvalidDataException Truncated() => new("it ends too early");
}
