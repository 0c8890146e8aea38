using Viaduct.Platform.Host;

namespace Viaduct.Cli.Lab.Specification;

/// <summary>A function that one guest gets whole: of a served device of the lab, of a socket that somebody else serves, or of the host's own hardware.</summary>
internal sealed record LabAssignment
{
    /// <summary>Unique in the guest.</summary>
    internal required string Id { get; init; }

    /// <summary>The vfio-user socket of somebody else, where it is such a device.</summary>
    internal string? Socket { get; init; }

    /// <summary>Where the host has it, if it is one of the host's own.</summary>
    internal PciAddress? Host { get; init; }

    /// <summary>The lab's device, where it is one.</summary>
    internal string? Device { get; init; }

    /// <summary>Its virtual function, from 1; null for the device itself.</summary>
    internal int? VirtualFunction { get; init; }
}
