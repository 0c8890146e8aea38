using System.Buffers.Binary;

namespace Viaduct.Backends.Network.Frames;

/// <summary>Where a frame's headers are, as far as they can be followed.</summary>
public readonly record struct FrameLayout
{
    // Extension headers of IPv6 that stand before the transport's (RFC 8200, 4.1).
    private const byte HopByHop = 0;
    private const byte Routing = 43;
    private const byte Fragment = 44;
    private const byte DestinationOptions = 60;
    private const int MaximumExtensions = 8;
    private const int MaximumTags = 2;

    /// <summary>What is behind the Ethernet header and its tags.</summary>
    public ushort EtherType { get; private init; }

    /// <summary>The outermost tag's control information (priority and VLAN), or null for a frame without a tag.</summary>
    public ushort? VlanTag { get; private init; }

    /// <summary>The first byte behind the Ethernet header and its tags.</summary>
    public int NetworkOffset { get; private init; }

    /// <summary>4 or 6; 0 for another protocol, or for a packet that is cut off.</summary>
    public int IpVersion { get; private init; }

    /// <summary>The protocol of the IP payload, where <see cref="TransportOffset"/> isn't zero.</summary>
    public byte Protocol { get; private init; }

    /// <summary>Whether it is a part of an IP packet; then it has no transport header to rely on.</summary>
    public bool IsFragment { get; private init; }

    /// <summary>The first byte of the transport's header; 0 where there is none that could be found.</summary>
    public int TransportOffset { get; private init; }

    /// <summary>Where TCP's or UDP's checksum is, from <see cref="TransportOffset"/> on; 0 for another protocol.</summary>
    public int ChecksumOffset => TransportOffset == 0 ? 0 : Protocol switch
    {
        IpHeader.Tcp => IpHeader.TcpChecksum,
        IpHeader.Udp => IpHeader.UdpChecksum,
        _ => 0,
    };

    /// <summary>The VLAN that a frame's tag names; null without a tag.</summary>
    public static int? VlanOf(ReadOnlySpan<byte> frame) =>
        frame.Length >= FrameLimits.EthernetHeader + FrameLimits.VlanTag
        && BinaryPrimitives.ReadUInt16BigEndian(frame[(FrameLimits.EthernetHeader - 2)..]) == IpHeader.EtherTypeVlan
            ? BinaryPrimitives.ReadUInt16BigEndian(frame[FrameLimits.EthernetHeader..]) & 0xFFF
            : null;

    /// <summary>Follows the headers of a frame, or of its first bytes.</summary>
    /// <returns>False when it is shorter than an Ethernet header.</returns>
    public static bool TryParse(ReadOnlySpan<byte> frame, out FrameLayout layout)
    {
        layout = default;
        if (frame.Length < FrameLimits.EthernetHeader)
        {
            return false;
        }

        int offset = FrameLimits.EthernetHeader;
        ushort type = BinaryPrimitives.ReadUInt16BigEndian(frame[(offset - 2)..]);
        ushort? tag = null;
        for (int tags = 0; tags < MaximumTags && type is IpHeader.EtherTypeVlan or IpHeader.EtherTypeServiceVlan; tags++)
        {
            if (frame.Length < offset + FrameLimits.VlanTag)
            {
                break;
            }

            tag ??= BinaryPrimitives.ReadUInt16BigEndian(frame[offset..]);
            type = BinaryPrimitives.ReadUInt16BigEndian(frame[(offset + 2)..]);
            offset += FrameLimits.VlanTag;
        }

        FrameLayout found = new() { EtherType = type, VlanTag = tag, NetworkOffset = offset };
        layout = type switch
        {
            IpHeader.EtherTypeV4 => ParseV4(frame[offset..], found),
            IpHeader.EtherTypeV6 => ParseV6(frame[offset..], found),
            _ => found,
        };
        return true;
    }

    private static FrameLayout ParseV4(ReadOnlySpan<byte> packet, in FrameLayout found)
    {
        if (packet.Length < IpHeader.V4Length || packet[0] >> 4 != 4)
        {
            return found;
        }

        int length = (packet[0] & 0xF) * 4;
        if (length < IpHeader.V4Length)
        {
            return found;
        }

        bool fragment = (BinaryPrimitives.ReadUInt16BigEndian(packet[IpHeader.V4Fragment..]) & IpHeader.V4FragmentMask) != 0;
        byte protocol = packet[IpHeader.V4Protocol];
        return found with
        {
            IpVersion = 4,
            Protocol = protocol,
            IsFragment = fragment,
            TransportOffset = !fragment && HasTransport(packet, length, protocol) ? found.NetworkOffset + length : 0,
        };
    }

    private static FrameLayout ParseV6(ReadOnlySpan<byte> packet, in FrameLayout found)
    {
        if (packet.Length < IpHeader.V6Length || packet[0] >> 4 != 6)
        {
            return found;
        }

        byte next = packet[IpHeader.V6NextHeader];
        int length = IpHeader.V6Length;
        for (int count = 0; next is HopByHop or Routing or Fragment or DestinationOptions; count++)
        {
            if (next == Fragment)
            {
                return found with { IpVersion = 6, IsFragment = true };
            }

            if (count == MaximumExtensions || packet.Length < length + 2)
            {
                return found with { IpVersion = 6 };
            }

            next = packet[length];
            length += (packet[length + 1] + 1) * 8;
        }

        return found with
        {
            IpVersion = 6,
            Protocol = next,
            TransportOffset = HasTransport(packet, length, next) ? found.NetworkOffset + length : 0,
        };
    }

    private static bool HasTransport(ReadOnlySpan<byte> packet, int offset, byte protocol) => packet.Length >= offset + protocol switch
    {
        IpHeader.Tcp => IpHeader.TcpLength,
        IpHeader.Udp => IpHeader.UdpLength,
        _ => 1,
    };
}
