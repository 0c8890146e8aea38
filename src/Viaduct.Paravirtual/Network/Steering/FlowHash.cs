using Viaduct.Backends.Network.Frames;

namespace Viaduct.Paravirtual.Network.Steering;

/// <summary>A frame's hash, and over what it was made (virtio 1.2, 5.1.6.4.3.4).</summary>
/// <param name="Value">The hash.</param>
/// <param name="Report">VIRTIO_NET_HASH_REPORT_*; 0 for none.</param>
internal readonly record struct FlowHash(uint Value, ushort Report)
{
    private const ushort ReportV4 = 1;
    private const ushort ReportV6 = 4;

    // Added to those for a hash over the ports, too.
    private const ushort WithTcp = 1;
    private const ushort WithUdp = 2;

    /// <summary>Hashes a frame by the first of the types that fits it: with ports before addresses alone.</summary>
    internal static FlowHash Of(ReadOnlySpan<byte> frame, in FrameLayout layout, HashType types, ToeplitzHash hash)
    {
        if (layout.IpVersion == 0)
        {
            return default;
        }

        bool v4 = layout.IpVersion == 4;
        ushort report = v4 ? ReportV4 : ReportV6;
        bool ports = false;
        if (layout.TransportOffset != 0 && layout.Protocol == IpHeader.Tcp && (types & (v4 ? HashType.Tcpv4 : HashType.Tcpv6)) != 0)
        {
            ports = true;
            report += WithTcp;
        }
        else if (layout.TransportOffset != 0 && layout.Protocol == IpHeader.Udp && (types & (v4 ? HashType.Udpv4 : HashType.Udpv6)) != 0)
        {
            ports = true;
            report += WithUdp;
        }
        else if ((types & (v4 ? HashType.Ipv4 : HashType.Ipv6)) == 0)
        {
            return default;
        }

        Span<byte> key = stackalloc byte[ToeplitzHash.MaximumInput];
        return new FlowHash(hash.Compute(key[..FlowKey.Write(frame, layout, ports, key)]), report);
    }
}
