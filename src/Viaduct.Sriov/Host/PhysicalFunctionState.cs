using Viaduct.Platform.Host;

namespace Viaduct.Sriov.Host;

/// <summary>A physical function of the host's, one with SR-IOV, as it stands.</summary>
public sealed record PhysicalFunctionState
{
    /// <summary>Where the host has it.</summary>
    public required PciAddress Address { get; init; }

    /// <summary>The vendor's number, and the vendor's number of the device: <c>8086:10c9</c>.</summary>
    public required string Identity { get; init; }

    /// <summary>The driver that has it; null where none has.</summary>
    public string? Driver { get; init; }

    /// <summary>Its network interface on this host; null where it has none here.</summary>
    public string? Interface { get; init; }

    /// <summary>That interface's number.</summary>
    internal int InterfaceIndex { get; init; }

    /// <summary>The most virtual functions there can be.</summary>
    public required int Total { get; init; }

    /// <summary>Whether the host's drivers take virtual functions as they come.</summary>
    public required bool Probes { get; init; }

    /// <summary>Who uses it by other means than its driver; null where nobody does.</summary>
    public FunctionUse? Use { get; init; }

    /// <summary>The virtual functions that are there, by their numbers.</summary>
    public required IReadOnlyList<VirtualFunctionState> Functions { get; init; }

    /// <summary>What people call it: its network interface's name, else its address.</summary>
    public string Name => Interface ?? Address.ToString();
}
