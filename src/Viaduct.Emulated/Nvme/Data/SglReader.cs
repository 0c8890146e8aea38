using System.Runtime.InteropServices;
using Viaduct.Platform.Dma;

namespace Viaduct.Emulated.Nvme.Data;

/// <summary>
/// Scatter-gather lists (NVMe 1.4, 4.4) of data blocks, segments and last segments, at dword alignment and granularity;
/// a list that describes more than the transfer is accepted, as SGLS announces.
/// </summary>
internal sealed class SglReader(DmaTarget dma, TransferMap map)
{
    // More descriptors than a transfer of this size can need; ends lists that lead round in a circle.
    private const int MaxDescriptors = 4096;
    private const int Batch = 64;

    private readonly SglDescriptor[] _batch = new SglDescriptor[Batch];

    internal NvmeStatus Read(ulong address, ulong control, int length)
    {
        SglDescriptor current = new(address, control);
        ulong rest = (ulong)length;
        if (current.Kind == SglKind.DataBlock)
        {
            NvmeStatus status = AddBlock(in current, ref rest);
            return status != NvmeStatus.Success ? status : Ended(rest);
        }

        int budget = MaxDescriptors;
        while (true)
        {
            NvmeStatus status = ReadSegment(ref current, ref rest, ref budget, out bool continues);
            if (status != NvmeStatus.Success || rest == 0)
            {
                return status;
            }

            if (!continues)
            {
                return Ended(rest);
            }
        }
    }

    private static NvmeStatus Ended(ulong rest) => rest == 0 ? NvmeStatus.Success : NvmeStatus.SglLengthInvalid;

    /// <summary>Goes through one list; where another follows, <paramref name="current"/> becomes the descriptor that leads to it.</summary>
    private NvmeStatus ReadSegment(ref SglDescriptor current, ref ulong rest, ref int budget, out bool continues)
    {
        continues = false;
        if (current.Kind is not (SglKind.Segment or SglKind.LastSegment))
        {
            return NvmeStatus.SglTypeInvalid;
        }

        if (current.Length == 0 || current.Length % SglDescriptor.Size != 0)
        {
            return NvmeStatus.InvalidSglSegment;
        }

        bool mayContinue = current.Kind == SglKind.Segment;
        ulong address = current.Address;
        uint left = current.Length / SglDescriptor.Size;
        while (left != 0 && rest != 0)
        {
            int count = (int)Math.Min(left, Batch);
            if (count > budget)
            {
                return NvmeStatus.InvalidSglCount;
            }

            budget -= count;
            left -= (uint)count;
            Span<SglDescriptor> batch = _batch.AsSpan(0, count);
            if (!dma.TryRead(address, MemoryMarshal.AsBytes(batch)))
            {
                return NvmeStatus.DataTransferError;
            }

            address += (ulong)count * SglDescriptor.Size;
            if (left == 0 && mayContinue)
            {
                current = batch[^1];
                batch = batch[..^1];
                continues = true;
            }

            NvmeStatus status = AddBlocks(batch, ref rest);
            if (status != NvmeStatus.Success)
            {
                return status;
            }
        }

        if (continues && rest != 0 && current.Kind == SglKind.DataBlock)
        {
            // A segment that isn't the last must end by leading on.
            return NvmeStatus.InvalidSglSegment;
        }

        return NvmeStatus.Success;
    }

    private NvmeStatus AddBlocks(ReadOnlySpan<SglDescriptor> blocks, ref ulong rest)
    {
        foreach (ref readonly SglDescriptor block in blocks)
        {
            if (block.Kind is SglKind.Segment or SglKind.LastSegment)
            {
                return NvmeStatus.InvalidSglSegment;
            }

            NvmeStatus status = AddBlock(in block, ref rest);
            if (status != NvmeStatus.Success)
            {
                return status;
            }
        }

        return NvmeStatus.Success;
    }

    private NvmeStatus AddBlock(in SglDescriptor block, ref ulong rest)
    {
        if (block.Kind != SglKind.DataBlock)
        {
            return NvmeStatus.SglTypeInvalid;
        }

        if (((block.Address | block.Length) & 3) != 0)
        {
            return NvmeStatus.SglGranularityInvalid;
        }

        ulong part = Math.Min(block.Length, rest);
        rest -= part;
        return part == 0 ? NvmeStatus.Success : map.Add(block.Address, part);
    }
}
