namespace Viaduct.Backends.Network.Frames;

/// <summary>How a frame larger than the wire's is to be cut (generic segmentation offload; virtio 1.2, 5.1.6).</summary>
public enum GsoType : byte
{
    /// <summary>It isn't.</summary>
    None = 0,

    /// <summary>TCP over IPv4.</summary>
    Tcp4 = 1,

    /// <summary>TCP over IPv6.</summary>
    Tcp6 = 4,

    /// <summary>UDP over either: a datagram a piece (VIRTIO_NET_HDR_GSO_UDP_L4).</summary>
    Udp = 5,

    /// <summary>With TCP: congestion notification is in use, and CWR is the first piece's alone.</summary>
    Ecn = 0x80,
}
