using System.Reflection;

namespace Viaduct.Machine.Tests.Compression;

/// <summary>Files that the xz program made, and what it made them from: bytes that the x86 filter takes for calls and jumps.</summary>
internal static class XzSample
{
    /// <summary>Three blocks with the x86 filter and a CRC-32, from all of <see cref="Bytes"/>.</summary>
    internal const string Branches = "branches.xz";

    /// <summary>Several LZMA2 chunks, no filter and no check: 3 MiB of zeros and the first 600 of <see cref="Bytes"/>.</summary>
    internal const string Plain = "plain.xz";

    /// <summary>With a CRC-64.</summary>
    internal const string OtherCheck = "crc64.xz";

    internal static byte[] Bytes { get; } = Generate();

    internal static byte[] Read(string name)
    {
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(name)!;
        byte[] bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    private static byte[] Generate()
    {
        ReadOnlySpan<byte> alphabet = [0xE8, 0xE9, 0x00, 0xFF, 0x01, 0xE8, 0x90, 0x7F];
        byte[] bytes = new byte[24_000];
        uint state = 0x9E37_79B9;
        for (int i = 0; i < bytes.Length; i++)
        {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            bytes[i] = alphabet[(int)(state & 7)];
        }

        return bytes;
    }
}
