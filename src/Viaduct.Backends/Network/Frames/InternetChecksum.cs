using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Viaduct.Backends.Network.Frames;

/// <summary>
/// The Internet's checksum (RFC 1071): the ones' complement of the ones' complement sum of 16-bit words. Sums are in the
/// host's byte order, which comes out right where they are stored in it (section 2, B).
/// </summary>
public static class InternetChecksum
{
    /// <summary>Adds bytes to a sum; they begin at an even place of what is summed up, and a last odd one is filled up with zero.</summary>
    public static ulong Add(ulong sum, ReadOnlySpan<byte> bytes)
    {
        ulong carries = 0;
        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(bytes);
        foreach (ulong word in words)
        {
            sum += word;
            carries += sum < word ? 1u : 0;
        }

        bytes = bytes[(words.Length * sizeof(ulong))..];
        if (!bytes.IsEmpty)
        {
            ulong last = 0;
            bytes.CopyTo(MemoryMarshal.AsBytes(new Span<ulong>(ref last)));
            sum += last;
            carries += sum < last ? 1u : 0;
        }

        sum += carries;
        return sum < carries ? sum + 1 : sum;
    }

    /// <summary>Adds a number as it stands in a header, with the most significant byte first.</summary>
    public static ulong Add(ulong sum, ushort value)
    {
        ulong word = BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(value) : value;
        sum += word;
        return sum < word ? sum + 1 : sum;
    }

    /// <summary>Folds a sum to 16 bits, in the host's byte order, not complemented.</summary>
    public static ushort Fold(ulong sum)
    {
        sum = (sum & uint.MaxValue) + (sum >> 32);
        sum = (sum & uint.MaxValue) + (sum >> 32);
        uint half = ((uint)sum & ushort.MaxValue) + ((uint)sum >> 16);
        half = (half & ushort.MaxValue) + (half >> 16);
        return (ushort)((half & ushort.MaxValue) + (half >> 16));
    }

    /// <summary>Stores the checksum of a sum into a header.</summary>
    public static void Store(Span<byte> field, ulong sum) => MemoryMarshal.Write(field, (ushort)~Fold(sum));

    /// <summary>As <see cref="Store"/>, with all ones for zero, as UDP has it, where zero says that there is none (RFC 768).</summary>
    public static void StoreNotZero(Span<byte> field, ulong sum)
    {
        ushort checksum = (ushort)~Fold(sum);
        MemoryMarshal.Write(field, checksum == 0 ? ushort.MaxValue : checksum);
    }

    /// <summary>Whether bytes that hold their own checksum sum up to nothing.</summary>
    public static bool IsRight(ulong sum) => Fold(sum) == ushort.MaxValue;

    /// <summary>Starts the sum of a TCP or UDP packet with its pseudo-header (RFC 793, 3.1; RFC 8200, 8.1).</summary>
    /// <param name="frame">The frame.</param>
    /// <param name="layout">Its layout, of an IP packet.</param>
    /// <param name="length">Bytes of the transport's header and payload.</param>
    public static ulong PseudoHeader(ReadOnlySpan<byte> frame, in FrameLayout layout, int length)
    {
        ReadOnlySpan<byte> addresses = layout.IpVersion == 4
            ? frame.Slice(layout.NetworkOffset + IpHeader.V4Source, 2 * IpHeader.V4Address)
            : frame.Slice(layout.NetworkOffset + IpHeader.V6Source, 2 * IpHeader.V6Address);
        ulong sum = Add(0, addresses);
        sum = Add(sum, (ushort)(length >> 16));
        sum = Add(sum, (ushort)length);
        return Add(sum, layout.Protocol);
    }

    /// <summary>Completes the checksum that an offload header leaves to do.</summary>
    /// <param name="frame">The frame; <see cref="OffloadHeader.FitsIn"/> has said that the header fits.</param>
    /// <param name="offload">The header, with <see cref="OffloadFlags.NeedsChecksum"/>.</param>
    public static void Complete(Span<byte> frame, in OffloadHeader offload)
    {
        Span<byte> covered = frame[offload.ChecksumStart..];
        StoreNotZero(covered[offload.ChecksumOffset..], Add(0, covered));
    }
}
