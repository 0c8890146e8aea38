namespace Viaduct.Lab.Outer;

/// <summary>An outer machine. All have KVM, VT-d, an NVMe controller with up to four virtual functions and a disk of its own.</summary>
internal sealed record OuterOptions
{
    /// <summary>What its logs are called.</summary>
    public required string Name { get; init; }

    /// <summary>Its processors: each is a thread of the host's.</summary>
    public int Cpus { get; init; } = 1;

    /// <summary>MiB of memory. Files that are written in it take from it.</summary>
    public int Memory { get; init; } = 4096;

    /// <summary>
    /// Ports of Intel's 82576 (igb), up to two, each with up to seven virtual functions. All lie on one wire, with the outer
    /// machine's own virtio-net, whose MAC address ends in 00, and the host's answers at 10.0.2.2, which lead nowhere else.
    /// </summary>
    public int NetworkPorts { get; init; } = 1;

    /// <summary>MiB of the NVMe controller's disk, which is a sparse file, all zeroes at first.</summary>
    public int DiskLength { get; init; } = 256;
}
