using System.Collections.Immutable;
using Viaduct.Backends.Network;
using Viaduct.Backends.Network.Frames;

namespace Viaduct.Paravirtual.Network;

/// <summary>Which frames the driver wants (virtio 1.2, 5.1.6.5.1 to 5.1.6.5.3). Immutable: a change makes another.</summary>
internal sealed record ReceiveFilter
{
    /// <summary>Stations, and as many groups, that can be named; who names more gets all.</summary>
    internal const int MaximumAddresses = 64;

    /// <summary>VLANs, named 0 to 4095.</summary>
    internal const int Vlans = 4096;

    /// <summary>The driver's own station.</summary>
    internal required MacAddress Mac { get; init; }

    /// <summary>Everything, whoever it is for. On until the driver says otherwise: it may not know how to.</summary>
    internal bool Promiscuous { get; init; } = true;

    internal bool AllMulticast { get; init; }

    internal bool AllUnicast { get; init; }

    internal bool NoMulticast { get; init; }

    internal bool NoUnicast { get; init; }

    internal bool NoBroadcast { get; init; }

    /// <summary>Other stations.</summary>
    internal ImmutableArray<MacAddress> Stations { get; init; } = [];

    /// <summary>Groups.</summary>
    internal ImmutableArray<MacAddress> Groups { get; init; } = [];

    /// <summary>More stations were named than there is room for.</summary>
    internal bool TooManyStations { get; init; }

    /// <summary>More groups were named than there is room for.</summary>
    internal bool TooManyGroups { get; init; }

    /// <summary>VLANs, a bit each; null where the driver doesn't filter them.</summary>
    internal ImmutableArray<ulong>? VlanBits { get; init; }

    /// <summary>The same with a VLAN in or out.</summary>
    internal ReceiveFilter WithVlan(int vlan, bool wanted)
    {
        ImmutableArray<ulong> bits = VlanBits ?? NoVlans;
        ulong bit = 1UL << (vlan % 64);
        ulong word = bits[vlan / 64];
        return this with { VlanBits = bits.SetItem(vlan / 64, wanted ? word | bit : word & ~bit) };
    }

    /// <summary>No VLAN.</summary>
    internal static ImmutableArray<ulong> NoVlans { get; } = [.. new ulong[Vlans / 64]];

    /// <summary>Whether the driver wants a frame.</summary>
    internal bool Wants(ReadOnlySpan<byte> frame)
    {
        if (Promiscuous)
        {
            return true;
        }

        if (VlanBits is { } vlans && FrameLayout.VlanOf(frame) is { } vlan && (vlans[vlan / 64] & (1UL << (vlan % 64))) == 0)
        {
            return false;
        }

        MacAddress destination = MacAddress.Read(frame);
        if (destination == MacAddress.Broadcast)
        {
            return !NoBroadcast;
        }

        return destination.IsGroup
            ? !NoMulticast && (AllMulticast || TooManyGroups || Groups.AsSpan().Contains(destination))
            : !NoUnicast && (AllUnicast || TooManyStations || destination == Mac || Stations.AsSpan().Contains(destination));
    }
}
