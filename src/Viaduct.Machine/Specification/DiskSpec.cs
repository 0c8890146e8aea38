using Viaduct.Platform.Accounting;

namespace Viaduct.Machine.Specification;

/// <summary>A disk: where its bytes are, and by which road the guest reaches it.</summary>
public sealed record DiskSpec
{
    /// <summary>Unique in the machine; serial numbers and counters carry it.</summary>
    public required string Id { get; init; }

    /// <summary>A raw image or a block device.</summary>
    public required string Path { get; init; }

    /// <summary><see cref="Road.Emulated"/> (NVMe) or <see cref="Road.Paravirtual"/> (virtio-blk).</summary>
    public Road Road { get; init; } = Road.Paravirtual;

    /// <summary>Whether the guest's writes are refused.</summary>
    public bool ReadOnly { get; init; }

    /// <summary>Whether the host's page cache is passed by (O_DIRECT).</summary>
    public bool Direct { get; init; }

    /// <summary>Virtual functions that the guest can make, 0 to 127; on the emulated road. The disk is divided into equal namespaces, the physical function's first, or is <see cref="Shared"/>.</summary>
    public int VirtualFunctions { get; init; }

    /// <summary>Whether all functions have the whole disk as one namespace.</summary>
    public bool Shared { get; init; }
}
