using Viaduct.Backends.Block;

namespace Viaduct.Backends.Tests.Block;

/// <summary>One operation of a random mix, made of whatever numbers the generator gives.</summary>
public readonly record struct DiskOperation
{
    public DiskOperation(byte kind, ushort start, byte blocks, byte cuts, int diskBlocks)
    {
        Operation = (BlockOperation)(kind % 6);
        Start = start % diskBlocks;
        Blocks = Operation == BlockOperation.Flush ? 0 : Math.Min(1 + (blocks % 40), diskBlocks - Start);
        Cuts = cuts;
        Durable = (kind & 0x40) != 0;
    }

    public BlockOperation Operation { get; }

    public int Start { get; }

    public int Blocks { get; }

    /// <summary>How the buffer is cut into segments, and (lowest bit) whether it starts off alignment.</summary>
    public int Cuts { get; }

    public bool Durable { get; }

    public bool Overlaps(DiskOperation other) => Start < other.Start + other.Blocks && other.Start < Start + Blocks;
}
