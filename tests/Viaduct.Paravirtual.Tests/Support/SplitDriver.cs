using Viaduct.Paravirtual.Queues;

namespace Viaduct.Paravirtual.Tests.Support;

internal sealed class SplitDriver : RingDriver
{
    private readonly ushort[] _free;
    private readonly ushort[][] _chains;
    private readonly int[] _chainLengths;
    private readonly ushort _start;
    private ushort _available;
    private ushort _used;
    private ushort _notified;

    internal SplitDriver(TestGuest guest, ushort size, RingFeatures features, ulong areas, ulong tables, ushort start)
        : base(guest, size, features, areas, tables)
    {
        _free = [.. Enumerable.Range(0, size).Select(index => (ushort)index)];
        _chains = [.. Enumerable.Range(0, size).Select(_ => new ushort[size])];
        _chainLengths = new int[size];
        Free = size;
        _start = _available = _used = _notified = start;
        guest.At<ushort>(Layout.DriverArea + 2) = start;
        guest.At<ushort>(Layout.DeviceArea + 2) = start;
        guest.At<ushort>(UsedEvent) = start;
        guest.At<ushort>(AvailableEvent) = start;
    }

    internal override QueueState Start => new(_start, _start);

    private ulong UsedEvent => Layout.DriverArea + 4 + (2UL * Size);

    private ulong AvailableEvent => Layout.DeviceArea + 4 + (8UL * Size);

    internal override ushort Add(params ReadOnlySpan<GuestBuffer> buffers)
    {
        ushort head = _free[Free - 1];
        if (Indirect && buffers.Length > 1)
        {
            Free--;
            _chainLengths[head] = 1;
            _chains[head][0] = head;
            ulong table = TableOf(head);
            for (int i = 0; i < buffers.Length; i++)
            {
                Descriptor(table + (16UL * (ulong)i), buffers[i], Flags(buffers[i], i < buffers.Length - 1), (ushort)(i + 1));
            }

            Descriptor(Layout.DescriptorArea + (16UL * head), GuestBuffer.Read(table, (uint)buffers.Length * 16), 4, 0);
        }
        else
        {
            _chainLengths[head] = buffers.Length;
            for (int i = 0; i < buffers.Length; i++)
            {
                ushort index = _free[--Free];
                _chains[head][i] = index;
                bool next = i < buffers.Length - 1;
                Descriptor(Layout.DescriptorArea + (16UL * index), buffers[i], Flags(buffers[i], next), next ? _free[Free - 1] : (ushort)0);
            }
        }

        MakeAvailable(head);
        return head;
    }

    /// <summary>Makes a head available, whatever it describes.</summary>
    internal void MakeAvailable(ushort head)
    {
        Guest.At<ushort>(Layout.DriverArea + 4 + (2UL * (ulong)(_available & (Size - 1)))) = head;
        Volatile.Write(ref Guest.At<ushort>(Layout.DriverArea + 2), ++_available);
    }

    /// <summary>Writes a descriptor as it is given.</summary>
    internal void Raw(int index, ulong address, uint length, ushort flags, ushort next) =>
        Descriptor(Layout.DescriptorArea + (16UL * (ulong)index), GuestBuffer.Read(address, length), flags, next);

    internal override bool TryTake(out ushort id, out uint written)
    {
        id = 0;
        written = 0;
        if (Volatile.Read(ref Guest.At<ushort>(Layout.DeviceArea + 2)) == _used)
        {
            return false;
        }

        ulong entry = Layout.DeviceArea + 4 + (8UL * (ulong)(_used & (Size - 1)));
        uint usedId = Guest.At<uint>(entry);
        Assert.True(usedId < Size && _chainLengths[usedId] != 0, "a chain came back that wasn't out");
        id = (ushort)usedId;
        written = Guest.At<uint>(entry + 4);
        for (int i = _chainLengths[id] - 1; i >= 0; i--)
        {
            _free[Free++] = _chains[id][i];
        }

        _chainLengths[id] = 0;
        _used++;
        return true;
    }

    internal override bool ShouldNotify()
    {
        Interlocked.MemoryBarrier();
        ushort old = _notified;
        _notified = _available;
        if (!EventIndex)
        {
            return _available != old && (Volatile.Read(ref Guest.At<ushort>(Layout.DeviceArea)) & 1) == 0;
        }

        ushort at = Volatile.Read(ref Guest.At<ushort>(AvailableEvent));
        return (ushort)(_available - at - 1) < (ushort)(_available - old);
    }

    internal override bool AllowInterrupts()
    {
        Guest.At<ushort>(Layout.DriverArea) = 0;
        Volatile.Write(ref Guest.At<ushort>(UsedEvent), _used);
        Interlocked.MemoryBarrier();
        return Volatile.Read(ref Guest.At<ushort>(Layout.DeviceArea + 2)) != _used;
    }

    internal override void SuppressInterrupts()
    {
        Guest.At<ushort>(Layout.DriverArea) = 1;
        Volatile.Write(ref Guest.At<ushort>(UsedEvent), (ushort)(_used - 1));
    }

    private static ushort Flags(GuestBuffer buffer, bool next) => (ushort)((buffer.Writable ? 2 : 0) | (next ? 1 : 0));
}
