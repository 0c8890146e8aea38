using Viaduct.Backends.Block;
using Viaduct.Platform.Dma;

namespace Viaduct.Emulated.Nvme.Io;

/// <summary>Hands parts of commands to the back-ends. A command's token there is its slot. Worker only.</summary>
internal sealed class BackendRequests(CommandSlots slots)
{
    /// <summary>The token of what the controller asks for itself.</summary>
    internal const ulong OwnToken = ulong.MaxValue;

    /// <summary>Requests under way, of commands and of the controller itself.</summary>
    internal int InFlight { get; private set; }

    /// <summary>A request has come back.</summary>
    internal void Returned() => InFlight--;

    /// <summary>Submits a part of a command to its namespace's disk.</summary>
    /// <returns>Pending; or an error that the host may retry, from a back-end that takes less than the depth it was opened with.</returns>
    internal CommandOutcome Submit(int index, NvmeNamespace target, BlockOperation operation, ulong offset, ulong length, ReadOnlySpan<HostSegment> segments = default)
    {
        ref CommandSlot slot = ref slots[index];
        BlockRequest request = new()
        {
            Operation = operation,
            Offset = target.Core.Start + offset,
            Length = length,
            Segments = segments,
            Token = (ulong)index,
            ForceUnitAccess = slot.Durable && operation == BlockOperation.Write,
        };
        if (!target.Queue.TrySubmit(in request))
        {
            return NvmeStatus.NamespaceNotReady;
        }

        slot.Requests++;
        InFlight++;
        return CommandOutcome.Pending;
    }

    /// <summary>Flushes a disk on the controller's own account.</summary>
    internal bool SubmitOwnFlush(IBlockQueue queue)
    {
        BlockRequest request = new() { Operation = BlockOperation.Flush, Token = OwnToken };
        if (!queue.TrySubmit(in request))
        {
            return false;
        }

        InFlight++;
        return true;
    }
}
