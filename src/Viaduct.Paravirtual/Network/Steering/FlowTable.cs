using Viaduct.Backends.Network.Frames;

namespace Viaduct.Paravirtual.Network.Steering;

/// <summary>
/// Which queue pair a flow was last sent by, so that its frames come back there (virtio 1.2, 5.1.6.5.5). Flows that
/// share a place share a pair. Written and read by any worker: a place is one byte, and a wrong one costs nothing but speed.
/// </summary>
internal sealed class FlowTable
{
    private const int Places = 4096;
    private const uint FowlerNollVoPrime = 16777619;
    private const uint FowlerNollVoStart = 2166136261;

    private readonly byte[] _pairs = new byte[Places];

    /// <summary>A frame of the guest went out by a pair.</summary>
    internal void Learn(ReadOnlySpan<byte> frame, int pair)
    {
        if (TryFindPlace(frame, sent: true, out int place))
        {
            Volatile.Write(ref _pairs[place], (byte)pair);
        }
    }

    /// <summary>The pair for a frame that came in.</summary>
    internal int Find(ReadOnlySpan<byte> frame) => TryFindPlace(frame, sent: false, out int place) ? Volatile.Read(ref _pairs[place]) : 0;

    private static bool TryFindPlace(ReadOnlySpan<byte> frame, bool sent, out int place)
    {
        place = 0;
        if (!FrameLayout.TryParse(frame, out FrameLayout layout) || layout.IpVersion == 0)
        {
            return false;
        }

        Span<byte> key = stackalloc byte[ToeplitzHash.MaximumInput];
        int length = FlowKey.Write(frame, layout, layout.ChecksumOffset != 0, key);
        int address = layout.IpVersion == 4 ? IpHeader.V4Address : IpHeader.V6Address;

        // The other direction has source and destination exchanged: each is hashed for itself, and in the guest's order.
        uint first = Hash(key[..address], key[(2 * address)..length], lower: true);
        uint second = Hash(key[address..(2 * address)], key[(2 * address)..length], lower: false);
        uint hash = sent ? Mix(first, second) : Mix(second, first);
        place = (int)((hash ^ (hash >> 16)) % Places);
        return true;
    }

    private static uint Mix(uint first, uint second) => (first * 31) + second;

    private static uint Hash(ReadOnlySpan<byte> address, ReadOnlySpan<byte> ports, bool lower)
    {
        uint hash = FowlerNollVoStart;
        foreach (byte each in address)
        {
            hash = (hash ^ each) * FowlerNollVoPrime;
        }

        ReadOnlySpan<byte> port = ports.IsEmpty ? ports : lower ? ports[..2] : ports[2..];
        foreach (byte each in port)
        {
            hash = (hash ^ each) * FowlerNollVoPrime;
        }

        return hash;
    }
}
