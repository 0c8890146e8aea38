using System.Buffers.Binary;
using Viaduct.Backends.Block;
using Viaduct.Emulated.Nvme.Data;
using Viaduct.Emulated.Nvme.Sharing;
using Viaduct.Platform.Dma;

namespace Viaduct.Emulated.Nvme.Io;

/// <summary>
/// The commands that need a buffer of this process: Compare (NVMe 1.4, 6.6), Dataset Management (6.7), and reads and
/// writes of memory that isn't in this process. When all buffers are in use, they wait in a line. Worker only.
/// </summary>
internal sealed class BufferedCommands
{
    private const uint AttributeDeallocate = 1 << 2;
    private const int RangeBytes = 16;

    private readonly ControllerSeat _seat;
    private readonly CommandSlots _slots;
    private readonly TransferMap _map;
    private readonly BackendRequests _backend;
    private readonly WorkBuffers _buffers;
    private readonly SubmissionEntry[] _entries = new SubmissionEntry[NvmeLimits.Commands];
    private int _first = -1;
    private int _last = -1;

    internal BufferedCommands(ControllerSeat seat, CommandSlots slots, TransferMap map, BackendRequests backend, WorkBuffers buffers)
    {
        _seat = seat;
        _slots = slots;
        _map = map;
        _backend = backend;
        _buffers = buffers;
    }

    internal CommandOutcome StartCompare(int index, in SubmissionEntry entry, ulong offset, int length)
    {
        ref CommandSlot slot = ref _slots[index];
        slot.Kind = CommandKind.Compare;
        slot.Position = offset;
        slot.Length = length;
        return Begin(index, in entry);
    }

    /// <summary>A read or write of memory that has to be copied; the slot knows which.</summary>
    internal CommandOutcome StartTransfer(int index, in SubmissionEntry entry, ulong offset, int length)
    {
        ref CommandSlot slot = ref _slots[index];
        slot.Position = offset;
        slot.Length = length;
        return Begin(index, in entry);
    }

    internal CommandOutcome StartDatasetManagement(int index, in SubmissionEntry entry)
    {
        if ((entry.Dword11 & AttributeDeallocate) == 0)
        {
            // The other attributes are hints that say nothing to a file.
            return CommandOutcome.Done;
        }

        ref CommandSlot slot = ref _slots[index];
        if (slot.Namespace!.Disk.ReadOnly)
        {
            return NvmeStatus.NamespaceWriteProtected;
        }

        slot.Kind = CommandKind.Deallocate;
        slot.Length = (int)(entry.Dword10 & 0xFF) + 1;
        return Begin(index, in entry);
    }

    /// <summary>The disk's bytes are there: are they the host's?</summary>
    internal unsafe NvmeStatus Compare(int index)
    {
        ref CommandSlot slot = ref _slots[index];
        Span<byte> host = new(_buffers.Half(slot.Buffer, 0), slot.Length);
        Span<byte> disk = new(_buffers.Half(slot.Buffer, 1), slot.Length);
        return host.SequenceEqual(disk) ? NvmeStatus.Success : NvmeStatus.CompareFailure;
    }

    /// <summary>The disk's bytes are there, and go to the host.</summary>
    internal unsafe NvmeStatus CopyOut(int index)
    {
        ref CommandSlot slot = ref _slots[index];
        return _map.CopyOut(in _entries[index], new ReadOnlySpan<byte>(_buffers.Half(slot.Buffer, 0), slot.Length));
    }

    /// <summary>Deallocates the next range of the list, if there is one.</summary>
    internal CommandOutcome DeallocateNext(int index)
    {
        ref CommandSlot slot = ref _slots[index];
        NvmeNamespace target = slot.Namespace!;
        while (slot.Position < (ulong)slot.Length)
        {
            ReadRange(ref slot, (int)slot.Position, out ulong first, out uint blocks);
            slot.Position++;
            if (blocks != 0)
            {
                ulong length = (ulong)blocks << target.BlockShift;
                return _backend.Submit(index, target, BlockOperation.Discard, first << target.BlockShift, length);
            }
        }

        return CommandOutcome.Done;
    }

    /// <summary>Gives a buffer to the first command in the line and begins it; with nobody there, the buffer is free.</summary>
    internal bool TryPassOn(int buffer, out int index, out CommandOutcome outcome)
    {
        index = _first;
        outcome = default;
        if (index < 0)
        {
            _buffers.Release(buffer);
            return false;
        }

        ref CommandSlot slot = ref _slots[index];
        _first = slot.Next;
        slot.Next = -1;
        slot.Buffer = buffer;
        outcome = Run(index, in _entries[index]);
        return true;
    }

    /// <summary>Takes a command out of the line, for Abort. False when it isn't there.</summary>
    internal bool TryRemove(int index)
    {
        int before = -1;
        for (int current = _first; current >= 0; before = current, current = _slots[current].Next)
        {
            if (current != index)
            {
                continue;
            }

            int next = _slots[current].Next;
            if (before < 0)
            {
                _first = next;
            }
            else
            {
                _slots[before].Next = next;
            }

            if (_last == current)
            {
                _last = before;
            }

            _slots[current].Next = -1;
            return true;
        }

        return false;
    }

    /// <summary>Forgets all, after a reset.</summary>
    internal void Clear()
    {
        _first = -1;
        _last = -1;
        _buffers.Clear();
    }

    private CommandOutcome Begin(int index, in SubmissionEntry entry)
    {
        ref CommandSlot slot = ref _slots[index];
        _entries[index] = entry;
        slot.Buffer = _buffers.Take();
        if (slot.Buffer >= 0)
        {
            return Run(index, in entry);
        }

        if (_first < 0)
        {
            _first = index;
        }
        else
        {
            _slots[_last].Next = index;
        }

        _last = index;
        return CommandOutcome.Pending;
    }

    private CommandOutcome Run(int index, in SubmissionEntry entry)
    {
        NvmeNamespace target = _slots[index].Namespace!;
        CommandKind kind = _slots[index].Kind;
        bool reads = kind is CommandKind.Compare or CommandKind.Read;
        // In the line things may have changed.
        return !target.IsAttached ? NvmeStatus.InvalidField
            : !target.Core.Reservations.Permits(_seat.Host, !reads) ? NvmeStatus.ReservationConflict
            : kind switch
            {
                CommandKind.Compare => RunCompare(index, in entry),
                CommandKind.Deallocate => RunDeallocate(index, in entry),
                _ => RunTransfer(index, in entry),
            };
    }

    private unsafe CommandOutcome RunTransfer(int index, in SubmissionEntry entry)
    {
        ref CommandSlot slot = ref _slots[index];
        void* buffer = _buffers.Half(slot.Buffer, 0);
        bool writes = slot.Kind == CommandKind.Write;
        NvmeStatus status = writes ? _map.CopyIn(in entry, new Span<byte>(buffer, slot.Length)) : NvmeStatus.Success;
        if (status != NvmeStatus.Success)
        {
            return status;
        }

        HostSegment segment = new(buffer, (nuint)slot.Length);
        BlockOperation operation = writes ? BlockOperation.Write : BlockOperation.Read;
        return _backend.Submit(index, slot.Namespace!, operation, slot.Position, (ulong)slot.Length, new ReadOnlySpan<HostSegment>(in segment));
    }

    private unsafe CommandOutcome RunCompare(int index, in SubmissionEntry entry)
    {
        ref CommandSlot slot = ref _slots[index];
        NvmeStatus status = _map.CopyIn(in entry, new Span<byte>(_buffers.Half(slot.Buffer, 0), slot.Length));
        if (status != NvmeStatus.Success)
        {
            return status;
        }

        HostSegment segment = new(_buffers.Half(slot.Buffer, 1), (nuint)slot.Length);
        return _backend.Submit(index, slot.Namespace!, BlockOperation.Read, slot.Position, (ulong)slot.Length, new ReadOnlySpan<HostSegment>(in segment));
    }

    private unsafe CommandOutcome RunDeallocate(int index, in SubmissionEntry entry)
    {
        ref CommandSlot slot = ref _slots[index];
        NvmeStatus status = _map.CopyIn(in entry, new Span<byte>(_buffers.Half(slot.Buffer, 0), slot.Length * RangeBytes));
        if (status != NvmeStatus.Success)
        {
            return status;
        }

        for (int range = 0; range < slot.Length; range++)
        {
            ReadRange(ref slot, range, out ulong first, out uint blocks);
            if (!slot.Namespace!.Contains(first, blocks))
            {
                slot.Block = first;
                return NvmeStatus.LbaOutOfRange;
            }
        }

        return DeallocateNext(index);
    }

    private unsafe void ReadRange(ref CommandSlot slot, int range, out ulong first, out uint blocks)
    {
        ReadOnlySpan<byte> bytes = new(_buffers.Half(slot.Buffer, 0) + (range * RangeBytes), RangeBytes);
        blocks = BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]);
        first = BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]);
    }
}
