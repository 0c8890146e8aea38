using System.Runtime.InteropServices;
using Viaduct.Platform.Dma;

namespace Viaduct.Paravirtual.Queues;

/// <summary>
/// Collects the descriptors of the chain that is being taken, checked as they come: how many, in which order, how
/// nested. Made once for a queue.
/// </summary>
internal sealed class ChainBuffer
{
    private readonly DmaTarget _dma;
    private readonly bool _indirect;
    private readonly Descriptor[] _descriptors;
    private readonly RingDescriptor[] _table;
    private int _count;
    private int _readable;

    /// <param name="dma">Where indirect tables are.</param>
    /// <param name="limit">The most descriptors a chain may have.</param>
    /// <param name="indirect">Whether there may be indirect tables.</param>
    internal ChainBuffer(DmaTarget dma, int limit, bool indirect)
    {
        _dma = dma;
        _indirect = indirect;
        _descriptors = new Descriptor[limit];
        _table = indirect ? new RingDescriptor[limit] : [];
    }

    internal ReadOnlySpan<Descriptor> Readable => _descriptors.AsSpan(0, _readable);

    internal ReadOnlySpan<Descriptor> Writable => _descriptors.AsSpan(_readable, _count - _readable);

    internal void Clear()
    {
        _count = 0;
        _readable = 0;
    }

    internal QueueError Add(in RingDescriptor descriptor, ushort flags)
    {
        if (_count == _descriptors.Length)
        {
            return QueueError.ChainTooLong;
        }

        if ((flags & RingDescriptor.FlagWrite) == 0)
        {
            if (_readable != _count)
            {
                return QueueError.ReadableAfterWritable;
            }

            _readable++;
        }

        _descriptors[_count++] = new Descriptor(descriptor.Address, descriptor.Length);
        return QueueError.None;
    }

    /// <summary>Adds what a table describes; split tables are linked (2.7.5.3), packed ones are read in order (2.8.7).</summary>
    internal QueueError AddTable(in RingDescriptor table, bool packed)
    {
        if (!_indirect)
        {
            return QueueError.IndirectNotNegotiated;
        }

        uint count = table.Length / RingDescriptor.Size;
        if (count == 0 || table.Length % RingDescriptor.Size != 0 || count > (uint)_table.Length)
        {
            return QueueError.IndirectTableLength;
        }

        Span<RingDescriptor> entries = _table.AsSpan(0, (int)count);
        if (!_dma.TryRead(table.Address, MemoryMarshal.AsBytes(entries)))
        {
            return QueueError.IndirectTableNotMemory;
        }

        return packed ? AddInOrder(entries) : AddLinked(entries);
    }

    private QueueError AddLinked(ReadOnlySpan<RingDescriptor> entries)
    {
        int index = 0;
        while (true)
        {
            if (index >= entries.Length)
            {
                return QueueError.IndexOutOfRange;
            }

            ref readonly RingDescriptor entry = ref entries[index];
            ushort flags = entry.At12;
            QueueError error = AddEntry(entry, flags);
            if (error != QueueError.None || (flags & RingDescriptor.FlagNext) == 0)
            {
                return error;
            }

            index = entry.At14;
        }
    }

    private QueueError AddInOrder(ReadOnlySpan<RingDescriptor> entries)
    {
        foreach (ref readonly RingDescriptor entry in entries)
        {
            QueueError error = AddEntry(entry, entry.At14);
            if (error != QueueError.None)
            {
                return error;
            }
        }

        return QueueError.None;
    }

    private QueueError AddEntry(in RingDescriptor entry, ushort flags) =>
        (flags & RingDescriptor.FlagIndirect) != 0 ? QueueError.IndirectInsideIndirect : Add(entry, flags);
}
