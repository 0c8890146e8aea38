namespace Viaduct.Emulated.Nvme;

/// <summary>What makes an NVM subsystem of one physical function and its virtual functions.</summary>
public sealed record NvmeSubsystemOptions
{
    /// <summary>The device's id. Serial number, SUBNQN and the namespaces' identifiers follow from it, so that they stay the same from run to run.</summary>
    public required string Id { get; init; }

    /// <summary>The namespaces, identifier 1 first; at least one. The subsystem closes none of their disks.</summary>
    public required IReadOnlyList<NvmeNamespaceOptions> Namespaces { get; init; }

    /// <summary>Virtual functions there can be, 0 to 127; each is a secondary controller, whose identifier is its number from 1 on.</summary>
    public int VirtualFunctions { get; init; }

    /// <summary>Whether virtual functions have their queues and vectors, and are online, from the start; else whoever drives the physical function does that with Virtualization Management, as on a drive from the shop.</summary>
    public bool AutoOnline { get; init; }

    /// <summary>Pairs of I/O queues that there are for each virtual function, 1 to 64; what one doesn't take another can.</summary>
    public int QueuesPerVirtualFunction { get; init; } = 8;

    /// <summary>Bytes of a logical block that namespaces are formatted with at first: 512 or 4096. One that a disk can't do is raised to what it can.</summary>
    public int BlockSize { get; init; } = 512;

    /// <summary>The clock of the Timestamp feature, of the power-on hours and of rate limits.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}
