namespace Viaduct.Paravirtual.Queues;

/// <summary>The split ring (virtio 1.2, 2.7): a descriptor table, an available ring and a used ring.</summary>
internal sealed class SplitRing : Ring
{
    // Both rings: flags, index, entries, and after them the other side's event index (2.7.6, 2.7.8).
    private const int Flags = 0;
    private const int Index = 2;
    private const int Entries = 4;
    private const int AvailableEntrySize = 2;
    private const int UsedEntrySize = 8;

    private const ushort AvailableNoInterrupt = 1;
    private const ushort UsedNoNotify = 1;

    private readonly RingMemory _memory;
    private readonly ulong _table;
    private readonly ulong _availableRing;
    private readonly ulong _usedRing;
    private readonly ushort _size;
    private readonly bool _eventIndex;
    private ushort _available;
    private ushort _used;
    private int _outstanding;
    private int _usedSinceAsked;

    internal SplitRing(RingMemory memory, QueueLayout layout, bool eventIndex, QueueState state)
    {
        _memory = memory;
        _table = layout.DescriptorArea;
        _availableRing = layout.DriverArea;
        _usedRing = layout.DeviceArea;
        _size = layout.Size;
        _eventIndex = eventIndex;
        _available = state.Available;
        _used = state.Used;
    }

    internal override QueueState State => new(_available, _used);

    private ulong UsedEvent => _availableRing + Entries + ((ulong)_size * AvailableEntrySize);

    private ulong AvailableEvent => _usedRing + Entries + ((ulong)_size * UsedEntrySize);

    internal override bool TryPop(ChainBuffer chain, out ChainToken token, out QueueError error)
    {
        token = default;
        if (!_memory.TryLoad(_availableRing + Index, out ushort index))
        {
            error = QueueError.RingNotMemory;
            return false;
        }

        error = QueueError.None;
        ushort ahead = (ushort)(index - _available);
        if (ahead == 0)
        {
            return false;
        }

        if (ahead > _size)
        {
            error = QueueError.AvailableIndexTooFar;
            return false;
        }

        if (_outstanding == _size)
        {
            error = QueueError.TooManyChains;
            return false;
        }

        ulong entry = (ulong)(_available & (_size - 1)) * AvailableEntrySize;
        if (!_memory.TryLoad(_availableRing + Entries + entry, out ushort head))
        {
            error = QueueError.RingNotMemory;
            return false;
        }

        error = Walk(head, chain);
        if (error != QueueError.None)
        {
            return false;
        }

        token = new ChainToken(head, 1, 0);
        _available++;
        _outstanding++;
        return true;
    }

    internal override QueueError Push(ReadOnlySpan<ChainToken> tokens, ReadOnlySpan<uint> written)
    {
        ushort next = _used;
        for (int i = 0; i < tokens.Length; i++)
        {
            ulong entry = _usedRing + Entries + ((ulong)(next & (_size - 1)) * UsedEntrySize);
            if (!_memory.TryStorePlain(entry, tokens[i].Id | ((ulong)written[i] << 32)))
            {
                return QueueError.RingNotMemory;
            }

            next++;
        }

        if (!_memory.TryStore(_usedRing + Index, next))
        {
            return QueueError.RingNotMemory;
        }

        _used = next;
        _outstanding -= tokens.Length;
        _usedSinceAsked += tokens.Length;
        return QueueError.None;
    }

    internal override QueueError ShouldInterrupt(out bool interrupt)
    {
        interrupt = false;
        if (_usedSinceAsked == 0)
        {
            return QueueError.None;
        }

        // The used index must be out before the driver's wish is read, or both sides could wait for each other (2.7.7.1).
        Interlocked.MemoryBarrier();
        if (!_memory.TryLoad(_eventIndex ? UsedEvent : _availableRing + Flags, out ushort wish))
        {
            return QueueError.RingNotMemory;
        }

        interrupt = _eventIndex
            ? _usedSinceAsked > ushort.MaxValue || (ushort)(_used - wish - 1) < _usedSinceAsked
            : (wish & AvailableNoInterrupt) == 0;
        _usedSinceAsked = 0;
        return QueueError.None;
    }

    // With event indexes, the one that stands is passed once in 65536 chains: nothing need be written.
    internal override QueueError Suppress() =>
        _eventIndex || _memory.TryStore(_usedRing + Flags, UsedNoNotify) ? QueueError.None : QueueError.RingNotMemory;

    internal override QueueError Allow(out bool available)
    {
        available = false;
        if (!(_eventIndex ? _memory.TryStore(AvailableEvent, _available) : _memory.TryStore(_usedRing + Flags, 0)))
        {
            return QueueError.RingNotMemory;
        }

        Interlocked.MemoryBarrier();
        if (!_memory.TryLoad(_availableRing + Index, out ushort index))
        {
            return QueueError.RingNotMemory;
        }

        available = index != _available;
        return QueueError.None;
    }

    private QueueError Walk(ushort head, ChainBuffer chain)
    {
        chain.Clear();
        int index = head;
        while (true)
        {
            if (index >= _size)
            {
                return QueueError.IndexOutOfRange;
            }

            if (!_memory.TryLoad(_table + ((ulong)index * RingDescriptor.Size), out RingDescriptor descriptor))
            {
                return QueueError.RingNotMemory;
            }

            ushort flags = descriptor.At12;
            bool next = (flags & RingDescriptor.FlagNext) != 0;
            if ((flags & RingDescriptor.FlagIndirect) != 0)
            {
                return next ? QueueError.IndirectInsideChain : chain.AddTable(descriptor, packed: false);
            }

            // A loop ends here, too: the chain's limit is reached.
            QueueError error = chain.Add(descriptor, flags);
            if (error != QueueError.None || !next)
            {
                return error;
            }

            index = descriptor.At14;
        }
    }
}
