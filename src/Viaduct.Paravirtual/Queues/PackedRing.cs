namespace Viaduct.Paravirtual.Queues;

/// <summary>The packed ring (virtio 1.2, 2.8): one ring of descriptors that both sides write, and an event suppression structure of each.</summary>
internal sealed class PackedRing : Ring
{
    private const ushort WrapBit = 0x8000;

    // Event suppression (2.8.14): the place and wrap counter, then flags.
    private const int SuppressionFlags = 2;
    private const ushort EventsEnabled = 0;
    private const ushort EventsDisabled = 1;
    private const ushort EventsAtPlace = 2;
    private const ushort EventsMask = 3;

    private readonly RingMemory _memory;
    private readonly ulong _ring;
    private readonly ulong _driverEvents;
    private readonly ulong _deviceEvents;
    private readonly ushort _size;
    private readonly bool _eventIndex;
    private Place _available;
    private Place _used;
    private int _outstanding;
    private int _usedSinceAsked;

    internal PackedRing(RingMemory memory, QueueLayout layout, bool eventIndex, QueueState state)
    {
        _memory = memory;
        _ring = layout.DescriptorArea;
        _driverEvents = layout.DriverArea;
        _deviceEvents = layout.DeviceArea;
        _size = layout.Size;
        _eventIndex = eventIndex;
        _available = Place.Of(state.Available, _size);
        _used = Place.Of(state.Used, _size);
    }

    internal override QueueState State => new(_available.Encoded, _used.Encoded);

    internal override bool TryPop(ChainBuffer chain, out ChainToken token, out QueueError error)
    {
        token = default;
        error = LookAhead(out ushort flags, out bool available);
        if (!available)
        {
            return false;
        }

        chain.Clear();
        Place place = _available;
        ushort slots = 0;
        while (true)
        {
            if (_outstanding + slots == _size)
            {
                // A chain that goes round the ring never ends; one that meets chains not yet returned takes their place.
                error = slots == _size ? QueueError.ChainTooLong : QueueError.TooManyChains;
                return false;
            }

            if (!_memory.TryLoad(AddressOf(place), out RingDescriptor descriptor))
            {
                error = QueueError.RingNotMemory;
                return false;
            }

            // The head's flags are those that were found available; they could be others by now.
            flags = slots == 0 ? flags : descriptor.At14;
            error = Add(descriptor, flags, slots, chain);
            if (error != QueueError.None)
            {
                return false;
            }

            slots++;
            place = place.Advance(1, _size);
            if ((flags & RingDescriptor.FlagNext) == 0)
            {
                token = new ChainToken(descriptor.At12, slots, 0);
                _available = place;
                _outstanding += slots;
                return true;
            }
        }
    }

    internal override QueueError Push(ReadOnlySpan<ChainToken> tokens, ReadOnlySpan<uint> written)
    {
        // The driver looks at the first one's flags: with those out last, it sees the others, too (2.8.9).
        Place first = _used;
        Place next = first.Advance(tokens[0].Slots, _size);
        ushort slots = tokens[0].Slots;
        for (int i = 1; i < tokens.Length; i++)
        {
            if (!TryWriteUsed(next, tokens[i], written[i]))
            {
                return QueueError.RingNotMemory;
            }

            next = next.Advance(tokens[i].Slots, _size);
            slots += tokens[i].Slots;
        }

        if (!TryWriteUsed(first, tokens[0], written[0]))
        {
            return QueueError.RingNotMemory;
        }

        _used = next;
        _outstanding -= slots;
        _usedSinceAsked += slots;
        return QueueError.None;
    }

    internal override QueueError ShouldInterrupt(out bool interrupt)
    {
        interrupt = false;
        if (_usedSinceAsked == 0)
        {
            return QueueError.None;
        }

        // The used descriptors must be out before the driver's wish is read, or both sides could wait for each other.
        Interlocked.MemoryBarrier();
        if (!_memory.TryLoad(_driverEvents, out uint wish))
        {
            return QueueError.RingNotMemory;
        }

        ushort mode = (ushort)((wish >> 16) & EventsMask);
        interrupt = mode != EventsDisabled && (mode != EventsAtPlace || !_eventIndex || Passed((ushort)wish));
        _usedSinceAsked = 0;
        return QueueError.None;
    }

    internal override QueueError Suppress() =>
        _memory.TryStore(_deviceEvents + SuppressionFlags, EventsDisabled) ? QueueError.None : QueueError.RingNotMemory;

    internal override QueueError Allow(out bool available)
    {
        available = false;

        // The place first: the driver looks at it when it sees the flags.
        if ((_eventIndex && !_memory.TryStore(_deviceEvents, _available.Encoded))
            || !_memory.TryStore(_deviceEvents + SuppressionFlags, _eventIndex ? EventsAtPlace : EventsEnabled))
        {
            return QueueError.RingNotMemory;
        }

        Interlocked.MemoryBarrier();
        return LookAhead(out _, out available);
    }

    private bool TryWriteUsed(Place place, ChainToken token, uint written)
    {
        ulong address = AddressOf(place);
        ushort flags = place.Wrap ? (ushort)(RingDescriptor.FlagAvailable | RingDescriptor.FlagUsed) : (ushort)0;
        if (written != 0)
        {
            flags |= RingDescriptor.FlagWrite;
        }

        return _memory.TryStorePlain(address + 8, written)
            && _memory.TryStorePlain(address + 12, token.Id)
            && _memory.TryStore(address + 14, flags);
    }

    private QueueError LookAhead(out ushort flags, out bool available)
    {
        if (!_memory.TryLoad(AddressOf(_available) + 14, out flags))
        {
            available = false;
            return QueueError.RingNotMemory;
        }

        bool availableBit = (flags & RingDescriptor.FlagAvailable) != 0;
        bool usedBit = (flags & RingDescriptor.FlagUsed) != 0;
        available = availableBit == _available.Wrap && usedBit != _available.Wrap;
        return QueueError.None;
    }

    /// <summary>Whether the place that the driver named is among those used since it was asked last.</summary>
    private bool Passed(ushort place)
    {
        int back = _used.Offset - (place & ~WrapBit);
        if ((place & WrapBit) != 0 != _used.Wrap)
        {
            back += _size;
        }

        return _usedSinceAsked >= _size || (back > 0 && back <= _usedSinceAsked);
    }

    private ulong AddressOf(Place place) => _ring + ((ulong)place.Offset * RingDescriptor.Size);

    private static QueueError Add(in RingDescriptor descriptor, ushort flags, ushort slots, ChainBuffer chain)
    {
        if ((flags & RingDescriptor.FlagIndirect) == 0)
        {
            return chain.Add(descriptor, flags);
        }

        return slots != 0 || (flags & RingDescriptor.FlagNext) != 0
            ? QueueError.IndirectInsideChain
            : chain.AddTable(descriptor, packed: true);
    }

    /// <summary>A place in the ring and the wrap counter there.</summary>
    private readonly record struct Place(ushort Offset, bool Wrap)
    {
        internal ushort Encoded => (ushort)(Offset | (Wrap ? WrapBit : 0));

        internal static Place Of(ushort encoded, ushort size) =>
            new((ushort)((encoded & ~WrapBit) % size), (encoded & WrapBit) != 0);

        internal Place Advance(ushort slots, ushort size)
        {
            int offset = Offset + slots;
            return offset < size ? new Place((ushort)offset, Wrap) : new Place((ushort)(offset - size), !Wrap);
        }
    }
}
