using System.Buffers.Binary;
using System.IO.Compression;
using K4os.Compression.LZ4;
using SharpCompress.Compressors.LZMA;
using Viaduct.Machine.Tests.Compression;
using ZstdSharp;

namespace Viaduct.Machine.Tests.Boot;

/// <summary>Packs as Linux's build does: the compressor's output, and behind it the length of what went in unless the format ends with it.</summary>
internal static class PackedPayload
{
    /// <summary>The formats that a test can make; XZ is a sample made before.</summary>
    internal static string[] Formats { get; } = ["lz4", "zstd", "gzip", "lzma"];

    internal static byte[] Pack(string format, byte[] bytes) => format switch
    {
        "lz4" => WithLength(Lz4(bytes), bytes.Length),
        "zstd" => WithLength(Zstd(bytes), bytes.Length),
        "gzip" => Gzip(bytes),
        "lzma" => WithLength(Lzma(bytes), bytes.Length),
        _ => throw new ArgumentOutOfRangeException(nameof(format)),
    };

    /// <summary>The XZ sample as a payload.</summary>
    internal static byte[] Xz() => WithLength(XzSample.Read(XzSample.Branches), XzSample.Bytes.Length);

    internal static byte[] WithLength(byte[] packed, int length)
    {
        byte[] payload = [.. packed, 0, 0, 0, 0];
        BinaryPrimitives.WriteInt32LittleEndian(payload.AsSpan(packed.Length), length);
        return payload;
    }

    private static byte[] Lz4(byte[] bytes)
    {
        List<byte> packed = [0x02, 0x21, 0x4C, 0x18];
        foreach (byte[] block in bytes.Chunk(8 << 20))
        {
            byte[] target = new byte[LZ4Codec.MaximumOutputSize(block.Length)];
            int length = LZ4Codec.Encode(block, target, LZ4Level.L00_FAST);
            byte[] header = new byte[4];
            BinaryPrimitives.WriteInt32LittleEndian(header, length);
            packed.AddRange(header);
            packed.AddRange(target.AsSpan(0, length));
        }

        return [.. packed];
    }

    private static byte[] Zstd(byte[] bytes)
    {
        using Compressor compressor = new(3);
        return compressor.Wrap(bytes).ToArray();
    }

    private static byte[] Gzip(byte[] bytes)
    {
        using MemoryStream packed = new();
        using (GZipStream gzip = new(packed, CompressionLevel.Fastest))
        {
            gzip.Write(bytes);
        }

        return packed.ToArray();
    }

    private static byte[] Lzma(byte[] bytes)
    {
        using MemoryStream packed = new();
        byte[] properties;
        using (LzmaStream lzma = LzmaStream.Create(new LzmaEncoderProperties(eos: true), isLzma2: false, packed))
        {
            properties = lzma.Properties;
            lzma.Write(bytes);
        }

        // The lzma program doesn't know the length of a pipe's contents: all ones.
        return [.. properties, .. Enumerable.Repeat((byte)0xFF, 8), .. packed.ToArray()];
    }
}
