using Viaduct.Platform.Dma;

namespace Viaduct.Backends.Block.Raw;

/// <summary>One system call on behalf of a request; both engines execute it, each in its way.</summary>
internal unsafe struct RawStep
{
    internal RawCall Call;
    internal HostSegment* Segments;
    internal int SegmentCount;
    internal ulong Offset;
    internal ulong Length;

    /// <summary>RWF_ flags of a write, or the FALLOC_FL_ mode.</summary>
    internal int Flags;
}
