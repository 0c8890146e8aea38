using Viaduct.Platform.Accounting;
using Viaduct.Platform.AddressSpaces;
using Viaduct.Platform.Engines;
using Viaduct.Platform.Pci;

namespace Viaduct.Assigned;

/// <summary>Where an assigned device goes, and where it comes from.</summary>
public sealed record AssignedSlotOptions
{
    /// <summary>The device's id in the machine.</summary>
    public required string Id { get; init; }

    /// <summary>Where it comes from.</summary>
    public required IAssignedDeviceSource Source { get; init; }

    /// <summary>The topology.</summary>
    public required PciRoot Root { get; init; }

    /// <summary>The port, with hot plug and nothing in its slot.</summary>
    public required RootPort Port { get; init; }

    /// <summary>The guest's memory.</summary>
    public required AddressSpace Memory { get; init; }

    /// <summary>What runs the guest.</summary>
    public required IEngine Engine { get; init; }

    /// <summary>Where the slot says what happened.</summary>
    public required IEventLog Log { get; init; }
}
