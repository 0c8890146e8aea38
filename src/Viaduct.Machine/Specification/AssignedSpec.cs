using Viaduct.Assigned;
using Viaduct.Platform.Host;

namespace Viaduct.Machine.Specification;

/// <summary>A device that is given to the guest whole, or a virtual function of one.</summary>
public sealed record AssignedSpec
{
    /// <summary>Unique in the machine; counters carry it.</summary>
    public required string Id { get; init; }

    /// <summary>The socket of the vfio-user server that has the device; null for one of the host's.</summary>
    public string? Socket { get; init; }

    /// <summary>Where the host has the device, if it is one of the host's own.</summary>
    public PciAddress? Host { get; init; }

    /// <summary>For a physical function and its virtual ones, where both are guests': what their users have agreed on.</summary>
    public Guid? VfToken { get; init; }

    /// <summary>For people: how it was asked for.</summary>
    public string Place => Host is { } address ? $"vfio:{address}" : $"vfio-user:{Socket}";

    /// <summary>Where the device comes from instead, for programs that have one: then the rest is no more than a name.</summary>
    public IAssignedDeviceSource? Source { get; init; }
}
