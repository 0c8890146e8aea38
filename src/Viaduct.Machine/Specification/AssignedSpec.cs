using Viaduct.Assigned;

namespace Viaduct.Machine.Specification;

/// <summary>A device that is given to the guest whole, or a virtual function of one.</summary>
public sealed record AssignedSpec
{
    /// <summary>Unique in the machine; counters carry it.</summary>
    public required string Id { get; init; }

    /// <summary>The socket of the vfio-user server that has the device.</summary>
    public required string Socket { get; init; }

    /// <summary>Where the device comes from instead, for programs that have one: then <see cref="Socket"/> is no more than a name.</summary>
    public IAssignedDeviceSource? Source { get; init; }
}
