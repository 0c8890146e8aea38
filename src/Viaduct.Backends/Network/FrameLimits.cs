namespace Viaduct.Backends.Network;

/// <summary>Sizes that every back-end and device agrees on.</summary>
public static class FrameLimits
{
    /// <summary>Both addresses and the type.</summary>
    public const int EthernetHeader = 14;

    /// <summary>An 802.1Q tag.</summary>
    public const int VlanTag = 4;

    /// <summary>The largest frame, in bytes: an IP packet of 64 KiB less one behind a header with two tags.</summary>
    public const int MaximumLength = 65535 + EthernetHeader + (2 * VlanTag);

    /// <summary>The most segments of a frame: a page each, and as many again for drivers that cut finer.</summary>
    public const int MaximumSegments = 64;
}
