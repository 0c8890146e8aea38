namespace Viaduct.Backends.Network.Frames;

/// <summary>What tells a flow from others, in the order in which cards hash it: addresses, then ports.</summary>
public static class FlowKey
{
    private const int Ports = 4;

    /// <summary>Writes addresses, and the ports of TCP or UDP.</summary>
    /// <param name="frame">The frame, or its beginning.</param>
    /// <param name="layout">Its layout.</param>
    /// <param name="ports">Whether ports are part of it; they must be there.</param>
    /// <param name="key">At least <see cref="ToeplitzHash.MaximumInput"/> bytes.</param>
    /// <returns>How many bytes; zero for a frame that is no IP packet.</returns>
    public static int Write(ReadOnlySpan<byte> frame, in FrameLayout layout, bool ports, Span<byte> key)
    {
        if (layout.IpVersion == 0)
        {
            return 0;
        }

        ReadOnlySpan<byte> addresses = layout.IpVersion == 4
            ? frame.Slice(layout.NetworkOffset + IpHeader.V4Source, 2 * IpHeader.V4Address)
            : frame.Slice(layout.NetworkOffset + IpHeader.V6Source, 2 * IpHeader.V6Address);
        addresses.CopyTo(key);
        if (!ports)
        {
            return addresses.Length;
        }

        frame.Slice(layout.TransportOffset, Ports).CopyTo(key[addresses.Length..]);
        return addresses.Length + Ports;
    }
}
