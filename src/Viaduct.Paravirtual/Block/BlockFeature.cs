namespace Viaduct.Paravirtual.Block;

/// <summary>Feature bits of a block device (virtio 1.2, 5.2.3), as masks.</summary>
internal static class BlockFeature
{
    /// <summary>A largest size of a segment.</summary>
    internal const ulong SizeMax = 1UL << 1;

    /// <summary>A largest number of segments.</summary>
    internal const ulong SegMax = 1UL << 2;

    /// <summary>Writes are refused.</summary>
    internal const ulong ReadOnly = 1UL << 5;

    /// <summary>A block size.</summary>
    internal const ulong BlockSize = 1UL << 6;

    /// <summary>The flush command.</summary>
    internal const ulong Flush = 1UL << 9;

    /// <summary>Physical block size and alignment.</summary>
    internal const ulong Topology = 1UL << 10;

    /// <summary>The driver may turn the write cache off and on.</summary>
    internal const ulong ConfigWriteCache = 1UL << 11;

    /// <summary>Several queues.</summary>
    internal const ulong MultiQueue = 1UL << 12;

    /// <summary>The discard command.</summary>
    internal const ulong Discard = 1UL << 13;

    /// <summary>The write zeroes command.</summary>
    internal const ulong WriteZeroes = 1UL << 14;
}
