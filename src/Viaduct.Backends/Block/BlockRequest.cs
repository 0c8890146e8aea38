using Viaduct.Platform.Dma;

namespace Viaduct.Backends.Block;

/// <summary>One request to a back-end.</summary>
public readonly ref struct BlockRequest
{
    /// <summary>What is asked.</summary>
    public required BlockOperation Operation { get; init; }

    /// <summary>The first byte on the disk, a multiple of the logical block size.</summary>
    public ulong Offset { get; init; }

    /// <summary>Bytes, a multiple of the logical block size; the sum of <see cref="Segments"/> for reads and writes.</summary>
    public ulong Length { get; init; }

    /// <summary>Where the bytes are or go.</summary>
    public ReadOnlySpan<HostSegment> Segments { get; init; }

    /// <summary>Returned with the completion; of the submitter's choosing.</summary>
    public required ulong Token { get; init; }

    /// <summary>A write that is durable when it completes (Force Unit Access).</summary>
    public bool ForceUnitAccess { get; init; }
}
