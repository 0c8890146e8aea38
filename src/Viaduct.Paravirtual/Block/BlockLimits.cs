namespace Viaduct.Paravirtual.Block;

/// <summary>What a request may be at most, as the configuration announces it.</summary>
internal static class BlockLimits
{
    internal const int SectorSize = 512;

    /// <summary>Bytes of a segment.</summary>
    internal const uint SizeMax = 4 << 20;

    /// <summary>Bytes a request may move: what one system call of Linux moves.</summary>
    internal const ulong MaxTransfer = 0x7FFF_F000;

    /// <summary>Host segments a request may take: what one system call of Linux takes (IOV_MAX).</summary>
    internal const int HostSegments = 1024;

    /// <summary>Ranges of a discard or write zeroes request.</summary>
    internal const int Ranges = 16;

    /// <summary>Sectors of a range: 2 GiB.</summary>
    internal const uint RangeSectors = 1u << 22;
}
