using System.Runtime.CompilerServices;
using Viaduct.Backends.Block;
using Viaduct.Paravirtual.Queues;

namespace Viaduct.Paravirtual.Block;

/// <summary>A request that is with the back-end.</summary>
internal struct BlockSlot
{
    /// <summary>Which of the worker's queues it came from.</summary>
    internal int Queue;

    internal ChainToken Token;

    /// <summary>Guest physical.</summary>
    internal ulong StatusAddress;

    internal BlockOperation Operation;

    /// <summary>Bytes that are moved.</summary>
    internal uint Length;

    /// <summary>How many of <see cref="Ranges"/> there are.</summary>
    internal int RangeCount;

    /// <summary>The range that comes next; they are worked on one after the other.</summary>
    internal int NextRange;

    internal RangeList Ranges;

    [InlineArray(BlockLimits.Ranges)]
    internal struct RangeList
    {
        private BlockRange _first;
    }
}
