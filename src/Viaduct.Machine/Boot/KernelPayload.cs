using System.Buffers.Binary;
using System.IO.Compression;
using K4os.Compression.LZ4;
using SharpCompress.Compressors.LZMA;
using SharpCompress.Compressors.Xz;
using ZstdSharp;

namespace Viaduct.Machine.Boot;

/// <summary>
/// Unpacks what a bzImage carries, on the host: the guest would take a hundred times as long. The formats are those of
/// Linux's scripts: gzip, XZ, zstd, LZ4 (legacy frames), LZMA, or nothing.
/// </summary>
internal static class KernelPayload
{
    /// <summary>No kernel unpacks to more; a length beyond it is a broken or hostile image.</summary>
    internal const int MaxUnpacked = 1 << 30;

    private const uint Lz4LegacyMagic = 0x184C2102;
    private const uint ZstdMagic = 0xFD2FB528;
    private const uint ElfMagic = 0x464C457F;
    private const int Lz4BlockSize = 8 << 20;

    /// <summary>Unpacks. Null when the format isn't known, so that the image must unpack itself.</summary>
    /// <exception cref="InvalidDataException">The format is known and the data is broken.</exception>
    internal static byte[]? TryUnpack(ReadOnlySpan<byte> payload)
    {
        if (payload.Length < 16)
        {
            return null;
        }

        uint magic = BinaryPrimitives.ReadUInt32LittleEndian(payload);
        if (magic == ElfMagic)
        {
            return payload.ToArray();
        }

        if (magic == Lz4LegacyMagic)
        {
            return UnpackLz4(payload[4..^4]);
        }

        // Linux appends the unpacked length to every format that doesn't end with it.
        if (magic == ZstdMagic)
        {
            return UnpackZstd(payload);
        }

        if (payload.StartsWith((ReadOnlySpan<byte>)[0x1F, 0x8B]))
        {
            using MemoryStream packed = new(payload.ToArray());
            using GZipStream gzip = new(packed, CompressionMode.Decompress);
            return ReadAll(gzip);
        }

        if (payload.StartsWith((ReadOnlySpan<byte>)[0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00]))
        {
            using MemoryStream packed = new(payload[..^4].ToArray());
            using XZStream xz = new(packed);
            return ReadAll(xz);
        }

        if (payload.StartsWith((ReadOnlySpan<byte>)[0x5D, 0x00, 0x00]))
        {
            using MemoryStream packed = new(payload[13..^4].ToArray());
            using LzmaStream lzma = LzmaStream.Create(payload[..5].ToArray(), packed);
            return ReadAll(lzma);
        }

        return null;
    }

    private static byte[] UnpackZstd(ReadOnlySpan<byte> payload)
    {
        int length = TrailingLength(payload);
        byte[] unpacked = new byte[length];
        using Decompressor decompressor = new();
        try
        {
            int written = decompressor.Unwrap(payload[..^4], unpacked);
            return written == length ? unpacked : throw new InvalidDataException($"unpacks to {written} bytes, not {length}");
        }
        catch (ZstdException error)
        {
            throw new InvalidDataException(error.Message, error);
        }
    }

    private static byte[] UnpackLz4(ReadOnlySpan<byte> blocks)
    {
        using MemoryStream unpacked = new();
        byte[] block = new byte[Lz4BlockSize];
        while (blocks.Length >= 4)
        {
            uint length = BinaryPrimitives.ReadUInt32LittleEndian(blocks);
            if (length == 0 || length > (uint)(blocks.Length - 4))
            {
                throw new InvalidDataException($"an LZ4 block of {length} bytes in {blocks.Length - 4}");
            }

            int written = LZ4Codec.Decode(blocks.Slice(4, (int)length), block);
            if (written < 0 || unpacked.Length + written > MaxUnpacked)
            {
                throw new InvalidDataException("an LZ4 block doesn't unpack");
            }

            unpacked.Write(block, 0, written);
            blocks = blocks[(4 + (int)length)..];
        }

        return unpacked.ToArray();
    }

    private static int TrailingLength(ReadOnlySpan<byte> payload)
    {
        uint length = BinaryPrimitives.ReadUInt32LittleEndian(payload[^4..]);
        return length is > 0 and <= MaxUnpacked ? (int)length : throw new InvalidDataException($"says that it unpacks to {length} bytes");
    }

    private static byte[] ReadAll(Stream stream)
    {
        using MemoryStream unpacked = new();
        byte[] buffer = new byte[1 << 20];
        int read;
        while ((read = stream.Read(buffer)) > 0)
        {
            if (unpacked.Length + read > MaxUnpacked)
            {
                throw new InvalidDataException($"unpacks to more than {MaxUnpacked >> 20} MiB");
            }

            unpacked.Write(buffer, 0, read);
        }

        return unpacked.ToArray();
    }
}
