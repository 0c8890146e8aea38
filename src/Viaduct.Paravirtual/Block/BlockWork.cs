using System.Runtime.InteropServices;
using Viaduct.Backends.Block;
using Viaduct.Paravirtual.Queues;
using Viaduct.Paravirtual.Workers;
using Viaduct.Platform.Accounting;
using Viaduct.Platform.Dma;
using Viaduct.Platform.Host;

namespace Viaduct.Paravirtual.Block;

/// <summary>The requests of one or more queues of a block device (virtio 1.2, 5.2.6), over one stream to the back-end.</summary>
internal sealed class BlockWork : QueueWork
{
    private const int NotSupported = 95;
    private const int CompletionBatch = 64;

    private readonly IBlockBackend _backend;
    private readonly IBlockQueue _stream;
    private readonly BlockSettings _settings;
    private readonly DeviceCounters _counters;
    private readonly BlockSlot[] _slots;
    private readonly ReadTargets _targets;
    private readonly int[] _free;
    private readonly int[] _held;
    private readonly HostSegment[] _segments = new HostSegment[BlockLimits.HostSegments];
    private readonly BlockCompletion[] _completions = new BlockCompletion[CompletionBatch];
    private int _freeCount;

    /// <param name="backend">The disk.</param>
    /// <param name="settings">The device's.</param>
    /// <param name="counters">Where requests are counted.</param>
    /// <param name="queues">How many queues it serves.</param>
    /// <param name="depth">How many requests may be with the back-end.</param>
    internal BlockWork(IBlockBackend backend, BlockSettings settings, DeviceCounters counters, int queues, int depth)
        : base(queues)
    {
        _backend = backend;
        _stream = backend.OpenQueue(depth);
        _settings = settings;
        _counters = counters;
        _slots = new BlockSlot[depth];
        _targets = new ReadTargets(depth);
        _free = [.. Enumerable.Range(0, depth)];
        _freeCount = depth;
        _held = new int[queues];
    }

    internal override EventFd? Bell => _stream.Bell;

    public override void Sleep() => _stream.Wait();

    public override void Wake() => _stream.Wake();

    public override void Dispose()
    {
        base.Dispose();
        _stream.Dispose();
    }

    protected override int Held(int slot) => _held[slot];

    protected override bool Wants(int slot) => _freeCount != 0;

    protected override bool Serve(int slot, VirtQueue queue)
    {
        bool worked = false;
        for (int budget = queue.Size; budget > 0 && _freeCount != 0 && queue.TryPop(out DescriptorChain chain); budget--)
        {
            worked = true;
            Begin(slot, queue, chain);
        }

        return worked;
    }

    protected override bool Complete()
    {
        int count = _stream.Reap(_completions);
        if (_stream.TakeRings() is var rings and not 0)
        {
            _counters.Doorbells(rings);
        }

        for (int i = 0; i < count; i++)
        {
            Complete((int)_completions[i].Token, _completions[i].Error);
        }

        return count != 0;
    }

    private void Begin(int queueSlot, VirtQueue queue, in DescriptorChain chain)
    {
        if (!chain.TryFindLastWritable(out ulong statusAddress))
        {
            queue.Break(QueueError.NoRoomForAnswer);
            return;
        }

        // Taken back at once when the request needs no back-end.
        int index = _free[_freeCount - 1];
        ref BlockSlot slot = ref _slots[index];
        slot.Queue = queueSlot;
        slot.Token = chain.Token;
        slot.StatusAddress = statusAddress;
        slot.Length = 0;
        slot.RangeCount = 0;
        slot.NextRange = 0;
        BlockStatus? answer = Start(chain, index, ref slot, out uint written);
        if (answer is { } status)
        {
            Answer(queue, slot, status, written);
            return;
        }

        _freeCount--;
        _held[queueSlot]++;
    }

    /// <summary>Gives the request to the back-end, or answers it.</summary>
    private BlockStatus? Start(in DescriptorChain chain, int index, ref BlockSlot slot, out uint written)
    {
        written = 0;
        BlockHeader header = default;
        if (!chain.TryRead(0, MemoryMarshal.AsBytes(new Span<BlockHeader>(ref header))))
        {
            return BlockStatus.Error;
        }

        switch (header.Command)
        {
            case BlockCommand.Read:
                return Transfer(chain, index, ref slot, header.Sector, BlockOperation.Read, chain.WritableLength - 1);

            case BlockCommand.Write:
                return Transfer(chain, index, ref slot, header.Sector, BlockOperation.Write, chain.ReadableLength - BlockHeader.Size);

            case BlockCommand.Flush:
                slot.Operation = BlockOperation.Flush;
                return Submit(new BlockRequest { Operation = BlockOperation.Flush, Token = (ulong)index });

            case BlockCommand.GetId:
                ReadOnlySpan<byte> id = _settings.Serial;
                written = (uint)Math.Min((ulong)id.Length, chain.WritableLength - 1);
                return chain.TryWrite(0, id[..(int)written]) ? BlockStatus.Ok : BlockStatus.Error;

            case BlockCommand.Discard:
            case BlockCommand.WriteZeroes:
                return ClearRanges(chain, index, ref slot, header.Command);

            default:
                return BlockStatus.Unsupported;
        }
    }

    private BlockStatus? Transfer(in DescriptorChain chain, int index, ref BlockSlot slot, ulong sector, BlockOperation operation, ulong length)
    {
        bool write = operation == BlockOperation.Write;
        if (length > BlockLimits.MaxTransfer || (write && _backend.ReadOnly) || !IsOnDisk(sector, length))
        {
            return BlockStatus.Error;
        }

        if (length == 0)
        {
            return BlockStatus.Ok;
        }

        int count = 0;
        bool mapped = write
            ? chain.TryMapReadable(BlockHeader.Size, length, _segments, ref count)
            : chain.TryMapWritable(0, length, _segments, ref count);
        if (!mapped)
        {
            return BlockStatus.Error;
        }

        if (!write)
        {
            _targets.Keep(index, chain.Writable);
        }

        slot.Operation = operation;
        slot.Length = (uint)length;
        return Submit(new BlockRequest
        {
            Operation = operation,
            Offset = sector * BlockLimits.SectorSize,
            Length = length,
            Segments = _segments.AsSpan(0, count),
            Token = (ulong)index,
            ForceUnitAccess = write && _settings.DurableWrites,
        });
    }

    private BlockStatus? ClearRanges(in DescriptorChain chain, int index, ref BlockSlot slot, BlockCommand command)
    {
        ulong length = chain.ReadableLength - BlockHeader.Size;
        bool discard = command == BlockCommand.Discard;
        if (_backend.ReadOnly)
        {
            return BlockStatus.Error;
        }

        if (discard && !_backend.CanDiscard)
        {
            return BlockStatus.Unsupported;
        }

        if (length is 0 or > BlockLimits.Ranges * BlockRange.Size || length % BlockRange.Size != 0)
        {
            return BlockStatus.Error;
        }

        Span<BlockRange> ranges = ((Span<BlockRange>)slot.Ranges)[..(int)(length / BlockRange.Size)];
        if (!chain.TryRead(BlockHeader.Size, MemoryMarshal.AsBytes(ranges)))
        {
            return BlockStatus.Error;
        }

        foreach (ref readonly BlockRange range in ranges)
        {
            if ((range.Flags & ~(discard ? 0 : BlockRange.FlagUnmap)) != 0)
            {
                return BlockStatus.Unsupported;
            }

            if (range.Sectors > BlockLimits.RangeSectors || !IsOnDisk(range.Sector, (ulong)range.Sectors * BlockLimits.SectorSize))
            {
                return BlockStatus.Error;
            }
        }

        slot.Operation = discard ? BlockOperation.Discard : BlockOperation.WriteZeroes;
        slot.RangeCount = ranges.Length;
        return SubmitNextRange(index, ref slot);
    }

    /// <summary>Submits the next range that isn't empty; done when there is none.</summary>
    private BlockStatus? SubmitNextRange(int index, ref BlockSlot slot)
    {
        while (slot.NextRange < slot.RangeCount)
        {
            BlockRange range = slot.Ranges[slot.NextRange++];
            if (range.Sectors == 0)
            {
                continue;
            }

            bool unmap = (range.Flags & BlockRange.FlagUnmap) != 0;
            return Submit(new BlockRequest
            {
                Operation = unmap ? BlockOperation.WriteZeroesUnmap : slot.Operation,
                Offset = range.Sector * BlockLimits.SectorSize,
                Length = (ulong)range.Sectors * BlockLimits.SectorSize,
                Token = (ulong)index,
                ForceUnitAccess = _settings.DurableWrites && slot.Operation == BlockOperation.WriteZeroes,
            });
        }

        return BlockStatus.Ok;
    }

    private BlockStatus? Submit(in BlockRequest request) => _stream.TrySubmit(request) ? null : BlockStatus.Error;

    private void Complete(int index, int error)
    {
        ref BlockSlot slot = ref _slots[index];
        _counters.BackendOperation(slot.Length);
        if (slot.Operation == BlockOperation.Read)
        {
            _targets.NoteWritten(index, QueueOf(slot.Queue).Dma);
        }

        BlockStatus status = error switch
        {
            0 => BlockStatus.Ok,
            NotSupported => BlockStatus.Unsupported,
            _ => BlockStatus.Error,
        };
        if (status == BlockStatus.Ok && slot.RangeCount != 0)
        {
            if (SubmitNextRange(index, ref slot) is not { } end)
            {
                return;
            }

            status = end;
        }

        _held[slot.Queue]--;
        _free[_freeCount++] = index;
        uint written = status == BlockStatus.Ok && slot.Operation == BlockOperation.Read ? slot.Length : 0;
        Answer(QueueOf(slot.Queue), slot, status, written);
    }

    private void Answer(VirtQueue queue, in BlockSlot slot, BlockStatus status, uint written)
    {
        _counters.Request();
        if (queue.Dma.TryWrite(slot.StatusAddress, (byte)status))
        {
            queue.Push(slot.Token, written + 1);
        }
        else
        {
            queue.Break(QueueError.AnswerNotMemory);
        }
    }

    /// <summary>Whether a transfer is inside the disk and of whole blocks; also written so that nothing overflows.</summary>
    private bool IsOnDisk(ulong sector, ulong length)
    {
        ulong block = (ulong)_backend.LogicalBlockSize;
        ulong disk = _backend.Length;
        return sector <= disk / BlockLimits.SectorSize
            && length <= disk - (sector * BlockLimits.SectorSize)
            && length % block == 0
            && sector * BlockLimits.SectorSize % block == 0;
    }
}
