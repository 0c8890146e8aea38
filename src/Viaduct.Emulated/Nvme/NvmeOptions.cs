using Viaduct.Backends.Block;

namespace Viaduct.Emulated.Nvme;

/// <summary>What makes one NVMe controller that is a subsystem of its own.</summary>
public sealed record NvmeOptions
{
    /// <summary>The device's id. Serial number, SUBNQN and the namespaces' identifiers follow from it, so that they stay the same from run to run.</summary>
    public required string Id { get; init; }

    /// <summary>The disks, namespace 1 first; at least one. The controller closes none of them.</summary>
    public required IReadOnlyList<IBlockBackend> Disks { get; init; }

    /// <summary>Bytes of a logical block that namespaces are formatted with at first: 512 or 4096. One that a disk can't do is raised to what it can.</summary>
    public int BlockSize { get; init; } = 512;

    /// <summary>The clock of the Timestamp feature and of the power-on hours.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>The subsystem of it: each disk a namespace, all attached.</summary>
    public NvmeSubsystemOptions ToSubsystem() => new()
    {
        Id = Id,
        Namespaces = [.. Disks.Select(disk => new NvmeNamespaceOptions { Disk = disk })],
        BlockSize = BlockSize,
        Time = Time,
    };
}
