using System.Net.NetworkInformation;

namespace Viaduct.Sriov.Host;

/// <summary>What is to become of a virtual function of a network card; null stays as it is.</summary>
public sealed record VfChange
{
    private const int LastVlan = 4094;
    private const int LastPriority = 7;
    private const int AddressLength = 6;

    /// <summary>The address that its driver gets.</summary>
    public PhysicalAddress? Mac { get; init; }

    /// <summary>Its VLAN, 0 for none.</summary>
    public int? Vlan { get; init; }

    /// <summary>The priority in its tag, 0 to 7.</summary>
    public int? Priority { get; init; }

    /// <summary>Whether its tag is of 802.1ad (QinQ) or of 802.1Q.</summary>
    public bool? IsServiceTag { get; init; }

    /// <summary>The Mbit/s that it can count on; 0 for none.</summary>
    public int? LeastRate { get; init; }

    /// <summary>The Mbit/s that it can't exceed; 0 for any.</summary>
    public int? MostRate { get; init; }

    /// <summary>Whether frames from other addresses than its own are dropped.</summary>
    public bool? SpoofCheck { get; init; }

    /// <summary>Whether its driver may do what concerns others.</summary>
    public bool? Trust { get; init; }

    /// <summary>What its driver sees of the link.</summary>
    public VfLinkState? LinkState { get; init; }

    /// <summary>Whether nothing is to change.</summary>
    public bool IsEmpty => this == new VfChange();

    /// <summary>What is wrong with it, for people; null where nothing is.</summary>
    internal string? Problem() =>
        Mac is not null && (Mac.GetAddressBytes() is not { Length: AddressLength } bytes || (bytes[0] & 1) != 0 || bytes.All(each => each == 0))
            ? $"mac={Text(Mac)} is no address of one station: its first octet is even, and it isn't all zero"
        : Vlan is < 0 or > LastVlan ? $"vlan={Vlan} isn't one of 1 to {LastVlan}, or 0 for none"
        : Priority is < 0 or > LastPriority ? $"qos={Priority} isn't one of 0 to {LastPriority}"
        : LeastRate < 0 || MostRate < 0 ? "a rate is a number of Mbit/s, or 0 for no limit"
        : null;

    /// <summary>What of it isn't so, for people.</summary>
    internal IReadOnlyList<string> Missing(VfSettings now)
    {
        List<string> missing = [];
        void Compare(string name, object? wanted, object? shown)
        {
            if (wanted is not null && !wanted.Equals(shown))
            {
                missing.Add($"{name}={wanted} was taken, but the driver shows {shown ?? "nothing"}");
            }
        }

        Compare("mac", Mac is null ? null : Text(Mac), Text(now.Mac));
        Compare("vlan", Vlan, now.Vlan.Vlan);
        Compare("qos", Priority, now.Vlan.Priority);
        Compare("proto", IsServiceTag is { } service ? Protocol(service) : null, Protocol(now.Vlan.IsServiceTag));
        Compare("min-tx-rate", LeastRate, now.Rate.Least);
        Compare("max-tx-rate", MostRate, now.Rate.Most);
        Compare("spoofchk", OnOff(SpoofCheck), OnOff(now.SpoofCheck));
        Compare("trust", OnOff(Trust), OnOff(now.Trust));
        Compare("link", LinkState, now.LinkState);
        return missing;
    }

    /// <summary>An address as people write it.</summary>
    public static string Text(PhysicalAddress? mac) =>
        string.Join(':', Convert.ToHexStringLower(mac?.GetAddressBytes() ?? []).Chunk(2).Select(octet => new string(octet)));

    private static string Protocol(bool isServiceTag) => isServiceTag ? "802.1ad" : "802.1Q";

    private static string? OnOff(bool? on) => on switch
    {
        true => "on",
        false => "off",
        null => null,
    };
}
