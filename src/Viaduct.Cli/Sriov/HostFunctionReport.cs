using Viaduct.Sriov.Host;

namespace Viaduct.Cli.Sriov;

/// <summary>A virtual function of the host's, as <c>--json</c> writes it.</summary>
internal sealed record HostFunctionReport
{
    /// <summary><c>vf1</c> and so on.</summary>
    public required string Name { get; init; }

    /// <summary>Where the host has it.</summary>
    public required string Address { get; init; }

    /// <summary>The driver that has it.</summary>
    public string? Driver { get; init; }

    /// <summary>Its IOMMU group.</summary>
    public int? Group { get; init; }

    /// <summary>Its network interface on this host.</summary>
    public string? Interface { get; init; }

    /// <summary>Its MAC, as the physical function's driver has it.</summary>
    public string? Mac { get; init; }

    /// <summary>Its VLAN; 0 for none.</summary>
    public int? Vlan { get; init; }

    /// <summary>The priority in its VLAN's tag.</summary>
    public int? Qos { get; init; }

    /// <summary>The protocol of its VLAN's tag: <c>802.1q</c> or <c>802.1ad</c>.</summary>
    public string? Proto { get; init; }

    /// <summary>Whether frames from other addresses than its own are dropped.</summary>
    public bool? Spoofchk { get; init; }

    /// <summary>Whether its driver may do what concerns others.</summary>
    public bool? Trust { get; init; }

    /// <summary>Mbit/s that it can count on; 0 for none.</summary>
    public int? MinTxRate { get; init; }

    /// <summary>Mbit/s that it can't exceed; 0 for any.</summary>
    public int? MaxTxRate { get; init; }

    /// <summary><c>auto</c>, <c>up</c> or <c>down</c>.</summary>
    public string? Link { get; init; }

    /// <summary>What uses it; absent where it is free.</summary>
    public string? Use { get; init; }

    /// <summary>The process that gave it to a guest.</summary>
    public HolderReport? Holder { get; init; }

    internal static HostFunctionReport Of(VirtualFunctionState function) => new()
    {
        Name = function.Name,
        Address = function.Address.ToString(),
        Driver = function.Driver,
        Group = function.Group,
        Interface = function.Interface,
        Mac = function.Settings is { Mac: { } mac } ? VfChange.Text(mac) : null,
        Vlan = function.Settings?.Vlan.Vlan,
        Qos = function.Settings?.Vlan.Priority,
        Proto = function.Settings is { } settings ? settings.Vlan.IsServiceTag ? "802.1ad" : "802.1q" : null,
        Spoofchk = function.Settings?.SpoofCheck,
        Trust = function.Settings?.Trust,
        MinTxRate = function.Settings?.Rate.Least,
        MaxTxRate = function.Settings?.Rate.Most,
        Link = function.Settings?.LinkState.ToString().ToLowerInvariant(),
        Use = function.Use?.Text,
        Holder = HolderReport.Of(function.Use?.Holder),
    };
}
