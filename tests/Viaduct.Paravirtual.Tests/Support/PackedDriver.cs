using Viaduct.Paravirtual.Queues;

namespace Viaduct.Paravirtual.Tests.Support;

internal sealed class PackedDriver : RingDriver
{
    private readonly ushort[] _freeIds;
    private readonly int[] _slots;
    private int _freeIdCount;
    private int _available;
    private bool _availableWrap = true;
    private int _used;
    private bool _usedWrap = true;
    private int _added;

    internal PackedDriver(TestGuest guest, ushort size, RingFeatures features, ulong areas, ulong tables)
        : base(guest, size, features, areas, tables)
    {
        _freeIds = [.. Enumerable.Range(0, size).Select(index => (ushort)index)];
        _freeIdCount = size;
        _slots = new int[size];
        Free = size;
    }

    internal override QueueState Start => QueueState.PackedStart;

    internal override ushort Add(params ReadOnlySpan<GuestBuffer> buffers)
    {
        ushort id = _freeIds[--_freeIdCount];
        int first = _available;
        ushort headFlags = 0;
        if (Indirect && buffers.Length > 1)
        {
            ulong table = TableOf(id);
            for (int i = 0; i < buffers.Length; i++)
            {
                Descriptor(table + (16UL * (ulong)i), buffers[i], 0, (ushort)(buffers[i].Writable ? 2 : 0));
            }

            _slots[id] = 1;
            headFlags = (ushort)(4 | Available());
            Descriptor(Slot(first), GuestBuffer.Read(table, (uint)buffers.Length * 16), id, Guest.At<ushort>(Slot(first) + 14));
            Advance();
        }
        else
        {
            _slots[id] = buffers.Length;
            for (int i = 0; i < buffers.Length; i++)
            {
                ushort flags = (ushort)((buffers[i].Writable ? 2 : 0) | (i < buffers.Length - 1 ? 1 : 0) | Available());
                headFlags = i == 0 ? flags : headFlags;

                // The head's flags come last: they make the whole chain available.
                Descriptor(Slot(_available), buffers[i], id, i == 0 ? Guest.At<ushort>(Slot(first) + 14) : flags);
                Advance();
            }
        }

        Free -= _slots[id];
        _added += _slots[id];
        Volatile.Write(ref Guest.At<ushort>(Slot(first) + 14), headFlags);
        return id;
    }

    /// <summary>Writes the next descriptor of the ring as it is given, available.</summary>
    internal void Raw(ulong address, uint length, ushort flags, ushort id)
    {
        Descriptor(Slot(_available), GuestBuffer.Read(address, length), id, (ushort)(flags | Available()));
        Advance();
    }

    internal override bool TryTake(out ushort id, out uint written)
    {
        id = 0;
        written = 0;
        ulong slot = Slot(_used);
        ushort flags = Volatile.Read(ref Guest.At<ushort>(slot + 14));
        bool availableBit = (flags & 0x80) != 0;
        bool usedBit = (flags & 0x8000) != 0;
        if (availableBit != usedBit || usedBit != _usedWrap)
        {
            return false;
        }

        id = Guest.At<ushort>(slot + 12);
        Assert.True(id < Size && _slots[id] != 0, "a chain came back that wasn't out");
        written = (flags & 2) != 0 ? Guest.At<uint>(slot + 8) : 0;
        _freeIds[_freeIdCount++] = id;
        Free += _slots[id];
        _used += _slots[id];
        _slots[id] = 0;
        if (_used >= Size)
        {
            _used -= Size;
            _usedWrap = !_usedWrap;
        }

        return true;
    }

    internal override bool ShouldNotify()
    {
        Interlocked.MemoryBarrier();
        int added = _added;
        _added = 0;
        uint wish = Volatile.Read(ref Guest.At<uint>(Layout.DeviceArea));
        int mode = (int)(wish >> 16) & 3;
        if (added == 0 || mode != 2)
        {
            return added != 0 && mode == 0;
        }

        int back = _available - (int)(wish & 0x7FFF) + ((wish & 0x8000) != 0 == _availableWrap ? 0 : Size);
        return back > 0 && back <= added;
    }

    internal override bool AllowInterrupts()
    {
        Guest.At<ushort>(Layout.DriverArea) = (ushort)(_used | (_usedWrap ? 0x8000 : 0));
        Volatile.Write(ref Guest.At<ushort>(Layout.DriverArea + 2), (ushort)(EventIndex ? 2 : 0));
        Interlocked.MemoryBarrier();
        ushort flags = Volatile.Read(ref Guest.At<ushort>(Slot(_used) + 14));
        return (flags & 0x80) != 0 == _usedWrap && (flags & 0x8000) != 0 == _usedWrap;
    }

    internal override void SuppressInterrupts() => Volatile.Write(ref Guest.At<ushort>(Layout.DriverArea + 2), 1);

    private ulong Slot(int index) => Layout.DescriptorArea + (16UL * (ulong)index);

    private int Available() => _availableWrap ? 0x80 : 0x8000;

    private void Advance()
    {
        if (++_available == Size)
        {
            _available = 0;
            _availableWrap = !_availableWrap;
        }
    }
}
