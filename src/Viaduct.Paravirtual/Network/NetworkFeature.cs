namespace Viaduct.Paravirtual.Network;

/// <summary>The network device's feature bits (virtio 1.2, 5.1.3; offloads of datagrams as of 1.3), as masks.</summary>
internal static class NetworkFeature
{
    /// <summary>The device completes checksums of frames that are sent.</summary>
    internal const ulong Checksum = 1UL << 0;

    /// <summary>The driver takes frames with incomplete checksums.</summary>
    internal const ulong GuestChecksum = 1UL << 1;

    /// <summary>The driver's offloads can be changed while it runs.</summary>
    internal const ulong ControlGuestOffloads = 1UL << 2;

    /// <summary>The configuration has an MTU.</summary>
    internal const ulong Mtu = 1UL << 3;

    /// <summary>The configuration has an address.</summary>
    internal const ulong Mac = 1UL << 5;

    /// <summary>The driver takes large TCP segments over IPv4.</summary>
    internal const ulong GuestTso4 = 1UL << 7;

    /// <summary>The driver takes large TCP segments over IPv6.</summary>
    internal const ulong GuestTso6 = 1UL << 8;

    /// <summary>The driver takes large TCP segments with congestion notification.</summary>
    internal const ulong GuestEcn = 1UL << 9;

    /// <summary>The device takes large TCP segments over IPv4.</summary>
    internal const ulong HostTso4 = 1UL << 11;

    /// <summary>The device takes large TCP segments over IPv6.</summary>
    internal const ulong HostTso6 = 1UL << 12;

    /// <summary>The device takes large TCP segments with congestion notification.</summary>
    internal const ulong HostEcn = 1UL << 13;

    /// <summary>A frame may take several receive buffers.</summary>
    internal const ulong MergeableBuffers = 1UL << 15;

    /// <summary>The configuration has a status.</summary>
    internal const ulong Status = 1UL << 16;

    /// <summary>There is a control queue.</summary>
    internal const ulong ControlQueue = 1UL << 17;

    /// <summary>It takes receive modes.</summary>
    internal const ulong ControlReceive = 1UL << 18;

    /// <summary>It takes VLAN filters.</summary>
    internal const ulong ControlVlan = 1UL << 19;

    /// <summary>It takes more receive modes.</summary>
    internal const ulong ControlReceiveExtra = 1UL << 20;

    /// <summary>The driver can be asked to announce its station.</summary>
    internal const ulong GuestAnnounce = 1UL << 21;

    /// <summary>Several queue pairs, chosen by flow.</summary>
    internal const ulong MultiQueue = 1UL << 22;

    /// <summary>The control queue takes an address.</summary>
    internal const ulong ControlMac = 1UL << 23;

    /// <summary>Interrupts can be held back, queue by queue.</summary>
    internal const ulong QueueCoalescing = 1UL << 52;

    /// <summary>Interrupts can be held back.</summary>
    internal const ulong Coalescing = 1UL << 53;

    /// <summary>The driver takes several datagrams over IPv4 as one.</summary>
    internal const ulong GuestUso4 = 1UL << 54;

    /// <summary>The driver takes several datagrams over IPv6 as one.</summary>
    internal const ulong GuestUso6 = 1UL << 55;

    /// <summary>The device takes several datagrams as one.</summary>
    internal const ulong HostUso = 1UL << 56;

    /// <summary>Frames come with their flow's hash.</summary>
    internal const ulong HashReport = 1UL << 57;

    /// <summary>Receive side scaling.</summary>
    internal const ulong Rss = 1UL << 60;

    /// <summary>The configuration has speed and duplex.</summary>
    internal const ulong SpeedDuplex = 1UL << 63;

    /// <summary>What can be changed by <see cref="ControlGuestOffloads"/>.</summary>
    internal const ulong GuestOffloads = GuestChecksum | GuestTso4 | GuestTso6 | GuestEcn | GuestUso4 | GuestUso6;
}
