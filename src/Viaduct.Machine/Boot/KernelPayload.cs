using System.Buffers.Binary;
using System.IO.Compression;
using K4os.Compression.LZ4;
using SharpCompress.Compressors.LZMA;
using Viaduct.Machine.Compression;
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
    private const int LengthFieldLength = 4;
    private const int LzmaHeaderLength = 13;

    /// <summary>Unpacks. Null when the format isn't known, so that the image must unpack itself.</summary>
    /// <exception cref="InvalidDataException">The format is known and the data is broken.</exception>
    internal static byte[]? TryUnpack(ReadOnlySpan<byte> payload)
    {
        if (payload.Length < LzmaHeaderLength + LengthFieldLength)
        {
            return null;
        }

        // Linux appends the unpacked length to every format that doesn't end with it.
        uint magic = BinaryPrimitives.ReadUInt32LittleEndian(payload);
        return magic switch
        {
            ElfMagic => payload.ToArray(),
            Lz4LegacyMagic => UnpackLz4(payload[4..^LengthFieldLength], UnpackedLength(payload)),
            ZstdMagic => UnpackZstd(payload[..^LengthFieldLength], UnpackedLength(payload)),
            _ when payload.StartsWith((ReadOnlySpan<byte>)[0x1F, 0x8B]) => UnpackGzip(payload, UnpackedLength(payload)),
            _ when XzFile.IsXz(payload) => XzFile.Unpack(payload[..^LengthFieldLength], MaxUnpacked),
            _ when payload.StartsWith((ReadOnlySpan<byte>)[0x5D, 0x00, 0x00]) => UnpackLzma(payload[..^LengthFieldLength], UnpackedLength(payload)),
            _ => null,
        };
    }

    /// <summary>Whether unpacking takes so long that the result is worth keeping: LZ4 unpacks as fast as a file is read.</summary>
    internal static bool IsSlow(ReadOnlySpan<byte> payload) =>
        payload.Length >= 4 && BinaryPrimitives.ReadUInt32LittleEndian(payload) is not (ElfMagic or Lz4LegacyMagic);

    /// <summary>How long the kernel says it is, in the last bytes of what carries it.</summary>
    /// <exception cref="InvalidDataException">No kernel is of that length.</exception>
    internal static int UnpackedLength(ReadOnlySpan<byte> payload)
    {
        uint length = BinaryPrimitives.ReadUInt32LittleEndian(payload[^LengthFieldLength..]);
        return length is > 0 and <= MaxUnpacked ? (int)length : throw new InvalidDataException($"it says that it unpacks to {length} bytes");
    }

    private static byte[] UnpackZstd(ReadOnlySpan<byte> payload, int length)
    {
        byte[] unpacked = GC.AllocateUninitializedArray<byte>(length);
        using Decompressor decompressor = new();
        try
        {
            int written = decompressor.Unwrap(payload, unpacked);
            return written == length ? unpacked : throw WrongLength(written, length);
        }
        catch (ZstdException error)
        {
            throw new InvalidDataException(error.Message, error);
        }
    }

    private static byte[] UnpackGzip(ReadOnlySpan<byte> payload, int length)
    {
        byte[] unpacked = GC.AllocateUninitializedArray<byte>(length);
        using MemoryStream packed = new(payload.ToArray());
        using GZipStream gzip = new(packed, CompressionMode.Decompress);
        int written = gzip.ReadAtLeast(unpacked, length, throwOnEndOfStream: false);
        return written == length ? unpacked : throw WrongLength(written, length);
    }

    private static byte[] UnpackLzma(ReadOnlySpan<byte> payload, int length)
    {
        byte[] properties = payload[..5].ToArray();

        // More than all that comes out is never looked back at.
        uint dictionary = Math.Min(BinaryPrimitives.ReadUInt32LittleEndian(properties.AsSpan(1)), (uint)length);
        BinaryPrimitives.WriteUInt32LittleEndian(properties.AsSpan(1), dictionary);
        using MemoryStream packed = new(payload[LzmaHeaderLength..].ToArray());
        return LzmaDecoder.Decode(() => LzmaStream.Create(properties, packed), length);
    }

    private static byte[] UnpackLz4(ReadOnlySpan<byte> blocks, int length)
    {
        byte[] unpacked = GC.AllocateUninitializedArray<byte>(length);
        Span<byte> rest = unpacked;
        while (blocks.Length >= 4)
        {
            uint packed = BinaryPrimitives.ReadUInt32LittleEndian(blocks);
            if (packed == 0 || packed > (uint)(blocks.Length - 4))
            {
                throw new InvalidDataException($"an LZ4 block has {packed} bytes, and there are {blocks.Length - 4}");
            }

            int written = LZ4Codec.Decode(blocks.Slice(4, (int)packed), rest[..Math.Min(rest.Length, Lz4BlockSize)]);
            if (written <= 0)
            {
                throw new InvalidDataException("an LZ4 block doesn't unpack");
            }

            rest = rest[written..];
            blocks = blocks[(4 + (int)packed)..];
        }

        return rest.IsEmpty ? unpacked : throw WrongLength(length - rest.Length, length);
    }

    private static InvalidDataException WrongLength(int length, int expected) => new($"it unpacks to {length} bytes, not {expected}");
}
