using System.Net.NetworkInformation;

namespace Viaduct.Sriov.Host;

/// <summary>What a network card's driver is told about a virtual function.</summary>
public sealed record VfSettings
{
    /// <summary>The address that its driver gets; all zero where none is set, null where that isn't known.</summary>
    public PhysicalAddress? Mac { get; init; }

    /// <summary>The VLAN that it is in.</summary>
    public VfVlanTag Vlan { get; init; }

    /// <summary>How fast it may send.</summary>
    public VfRateLimit Rate { get; init; }

    /// <summary>Whether frames from other addresses than its own are dropped; null where the driver doesn't tell.</summary>
    public bool? SpoofCheck { get; init; }

    /// <summary>Whether its driver may do what concerns others; null where the driver doesn't tell.</summary>
    public bool? Trust { get; init; }

    /// <summary>What its driver sees of the link.</summary>
    public VfLinkState LinkState { get; init; }
}
