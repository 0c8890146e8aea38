using Viaduct.Machine.Specification;

namespace Viaduct.Cli.Lab.Specification;

/// <summary>A guest of a lab.</summary>
internal sealed record LabGuest
{
    /// <summary>Its name, unique in the lab.</summary>
    internal required string Name { get; init; }

    /// <summary>The kernel's file, or null for Debian's, which is fetched.</summary>
    internal string? Kernel { get; init; }

    /// <summary>The initial RAM disk's file; null for none, or, with Debian's kernel, for busybox and <see cref="Script"/>.</summary>
    internal string? Initrd { get; init; }

    /// <summary>What busybox's shell runs in the guest; null for a shell on the console.</summary>
    internal string? Script { get; init; }

    /// <summary>Modules to load before the script; null for those of the guest's roads.</summary>
    internal IReadOnlyList<string>? Modules { get; init; }

    /// <summary>The kernel's command line.</summary>
    internal required string CommandLine { get; init; }

    /// <summary>Bytes of RAM.</summary>
    internal required ulong Memory { get; init; }

    /// <summary>Processors.</summary>
    internal required int Cpus { get; init; }

    /// <summary>What runs it.</summary>
    internal required EngineChoice Engine { get; init; }

    /// <summary>Its own disks, on roads 1 and 2.</summary>
    internal required IReadOnlyList<LabDisk> Disks { get; init; }

    /// <summary>Its own network cards.</summary>
    internal required IReadOnlyList<NetworkSpec> Networks { get; init; }

    /// <summary>The functions assigned to it, on roads 3 and 4.</summary>
    internal required IReadOnlyList<LabAssignment> Assignments { get; init; }

    /// <summary>Where its console goes.</summary>
    internal required LabConsole Console { get; init; }

    /// <summary>Whether it gets a source of random numbers (virtio-rng).</summary>
    internal bool Entropy { get; init; }
}
