namespace Viaduct.Paravirtual.Network.Steering;

/// <summary>Which flows are hashed, and over what (virtio 1.2, 5.1.6.4.3.1).</summary>
[Flags]
internal enum HashType : uint
{
    None = 0,
    Ipv4 = 1,
    Tcpv4 = 2,
    Udpv4 = 4,
    Ipv6 = 8,
    Tcpv6 = 16,
    Udpv6 = 32,

    /// <summary>What the device can.</summary>
    Supported = Ipv4 | Tcpv4 | Udpv4 | Ipv6 | Tcpv6 | Udpv6,
}
