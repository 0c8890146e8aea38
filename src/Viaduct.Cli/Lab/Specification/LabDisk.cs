using Viaduct.Platform.Accounting;

namespace Viaduct.Cli.Lab.Specification;

/// <summary>A disk's file, and how a guest reaches it.</summary>
internal sealed record LabDisk
{
    /// <summary>Unique in the guest or the device that has it.</summary>
    internal required string Id { get; init; }

    /// <summary>The file's full path, or null for one that lives as long as the lab.</summary>
    internal string? Path { get; init; }

    /// <summary>Bytes of a file that is made, all holes, where there is none; null if it must be there.</summary>
    internal ulong? Create { get; init; }

    /// <summary>Emulated or paravirtual; a served device's disks are emulated.</summary>
    internal Road Road { get; init; } = Road.Paravirtual;

    /// <summary>The function that a shared device's disk is for: 0 the physical one, else a virtual one; null for a part of it for each.</summary>
    internal int? Function { get; init; }

    /// <summary>Whether all functions of a shared device have it.</summary>
    internal bool Shared { get; init; }

    /// <summary>Whether writes are refused.</summary>
    internal bool ReadOnly { get; init; }

    /// <summary>Whether the host's page cache is passed by.</summary>
    internal bool Direct { get; init; }
}
