using SharpCompress.Compressors.LZMA;

namespace Viaduct.Machine.Compression;

/// <summary>Runs SharpCompress's LZMA decoder to a known length.</summary>
internal static class LzmaDecoder
{
    /// <summary>All that comes out.</summary>
    /// <param name="open">Makes the decoder.</param>
    /// <param name="length">Bytes to come.</param>
    /// <exception cref="InvalidDataException">Something else came.</exception>
    internal static byte[] Decode(Func<LzmaStream> open, int length)
    {
        byte[] unpacked = GC.AllocateUninitializedArray<byte>(length);
        try
        {
            using LzmaStream lzma = open();
            lzma.ReadExactly(unpacked);
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            // On broken data the decoder throws what it runs into, down to an index out of range.
            throw new InvalidDataException($"its LZMA data doesn't unpack ({error.Message})", error);
        }

        return unpacked;
    }
}
