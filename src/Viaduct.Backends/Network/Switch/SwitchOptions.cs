using Viaduct.Platform.Accounting;

namespace Viaduct.Backends.Network.Switch;

/// <summary>What is chosen about a port of a switch.</summary>
public sealed record SwitchOptions
{
    /// <summary>The switch's name: who names the same, as the same user, is on the same switch.</summary>
    public required string Switch { get; init; }

    /// <summary>Which VLANs the port carries.</summary>
    public VlanMembership Vlans { get; init; } = VlanMembership.All;

    /// <summary>Where processes meet; null for the user's runtime folder.</summary>
    public string? Folder { get; init; }

    /// <summary>Where trouble is reported.</summary>
    public required IEventLog Log { get; init; }

    /// <summary>The clock of the switch, where this process is the one that runs it.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}
