namespace Viaduct.Backends.Network.Frames;

/// <summary>Places and numbers in IP, TCP and UDP headers (RFC 791, 8200, 9293, 768).</summary>
public static class IpHeader
{
    /// <summary>EtherType of IPv4.</summary>
    public const ushort EtherTypeV4 = 0x0800;

    /// <summary>EtherType of IPv6.</summary>
    public const ushort EtherTypeV6 = 0x86DD;

    /// <summary>EtherType of an 802.1Q tag.</summary>
    public const ushort EtherTypeVlan = 0x8100;

    /// <summary>EtherType of an outer tag (802.1ad).</summary>
    public const ushort EtherTypeServiceVlan = 0x88A8;

    /// <summary>Protocol number of TCP.</summary>
    public const byte Tcp = 6;

    /// <summary>Protocol number of UDP.</summary>
    public const byte Udp = 17;

    /// <summary>Bytes of an IPv4 header without options.</summary>
    public const int V4Length = 20;

    /// <summary>Bytes of an IPv6 header.</summary>
    public const int V6Length = 40;

    /// <summary>Total length.</summary>
    public const int V4TotalLength = 2;

    /// <summary>Identification.</summary>
    public const int V4Identification = 4;

    /// <summary>Flags and fragment offset.</summary>
    public const int V4Fragment = 6;

    /// <summary>Protocol.</summary>
    public const int V4Protocol = 9;

    /// <summary>Header checksum.</summary>
    public const int V4Checksum = 10;

    /// <summary>Source address; the destination's follows.</summary>
    public const int V4Source = 12;

    /// <summary>Bytes of an address.</summary>
    public const int V4Address = 4;

    /// <summary>More fragments, or an offset: the packet is part of one.</summary>
    public const int V4FragmentMask = 0x3FFF;

    /// <summary>Payload length.</summary>
    public const int V6PayloadLength = 4;

    /// <summary>Next header.</summary>
    public const int V6NextHeader = 6;

    /// <summary>Source address; the destination's follows.</summary>
    public const int V6Source = 8;

    /// <summary>Bytes of an address.</summary>
    public const int V6Address = 16;

    /// <summary>Bytes of a TCP header without options.</summary>
    public const int TcpLength = 20;

    /// <summary>Sequence number.</summary>
    public const int TcpSequence = 4;

    /// <summary>Header length in words of 32 bits, in the upper four bits.</summary>
    public const int TcpDataOffset = 12;

    /// <summary>Flags.</summary>
    public const int TcpFlags = 13;

    /// <summary>Checksum.</summary>
    public const int TcpChecksum = 16;

    /// <summary>Bytes of a UDP header.</summary>
    public const int UdpLength = 8;

    /// <summary>Length field.</summary>
    public const int UdpLengthField = 4;

    /// <summary>Checksum.</summary>
    public const int UdpChecksum = 6;
}
