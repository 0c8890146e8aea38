using Viaduct.Platform.Dma;

namespace Viaduct.Paravirtual.Queues;

/// <summary>
/// A request as the driver made it available: descriptors that the device reads, then descriptors that it writes.
/// Where the driver cut it into descriptors says nothing (virtio 1.2, 2.7.4), so bytes are named by their offset in the
/// readable or the writable part. Valid until the next chain is taken from the queue; what is kept is <see cref="Token"/>.
/// </summary>
public readonly ref struct DescriptorChain
{
    private readonly DmaTarget _dma;

    internal DescriptorChain(DmaTarget dma, ChainToken token, ReadOnlySpan<Descriptor> readable, ReadOnlySpan<Descriptor> writable)
    {
        _dma = dma;
        Token = token;
        Readable = readable;
        Writable = writable;
        ReadableLength = Sum(readable);
        WritableLength = Sum(writable);
    }

    /// <summary>Names the chain when it is returned.</summary>
    public ChainToken Token { get; }

    /// <summary>What the device reads.</summary>
    public ReadOnlySpan<Descriptor> Readable { get; }

    /// <summary>What the device writes.</summary>
    public ReadOnlySpan<Descriptor> Writable { get; }

    /// <summary>Bytes that the device reads.</summary>
    public ulong ReadableLength { get; }

    /// <summary>Bytes that the device writes.</summary>
    public ulong WritableLength { get; }

    /// <summary>Copies readable bytes out. False when there are fewer, or when part of them is not memory.</summary>
    public bool TryRead(ulong offset, Span<byte> destination)
    {
        Cursor cursor = new(Readable, offset, (ulong)destination.Length);
        while (cursor.TryNext(out ulong address, out ulong length))
        {
            if (!_dma.TryRead(address, destination[..(int)length]))
            {
                return false;
            }

            destination = destination[(int)length..];
        }

        return cursor.IsComplete;
    }

    /// <summary>Copies bytes into the writable part. False when there is less room, or when part of it is not memory.</summary>
    public bool TryWrite(ulong offset, ReadOnlySpan<byte> source)
    {
        Cursor cursor = new(Writable, offset, (ulong)source.Length);
        while (cursor.TryNext(out ulong address, out ulong length))
        {
            if (!_dma.TryWrite(address, source[..(int)length]))
            {
                return false;
            }

            source = source[(int)length..];
        }

        return cursor.IsComplete;
    }

    /// <summary>Appends the host segments of readable bytes. False when part of them is not memory, or when <paramref name="segments"/> is full.</summary>
    public bool TryMapReadable(ulong offset, ulong length, Span<HostSegment> segments, ref int count) =>
        TryMap(new Cursor(Readable, offset, length), DmaDirection.ToDevice, segments, ref count);

    /// <summary>Appends the host segments of writable bytes. False when part of them is not memory, or when <paramref name="segments"/> is full.</summary>
    public bool TryMapWritable(ulong offset, ulong length, Span<HostSegment> segments, ref int count) =>
        TryMap(new Cursor(Writable, offset, length), DmaDirection.FromDevice, segments, ref count);

    /// <summary>The guest physical address of the last writable byte, where devices answer. False when there is none.</summary>
    public bool TryFindLastWritable(out ulong address)
    {
        for (int i = Writable.Length - 1; i >= 0; i--)
        {
            if (Writable[i].Length != 0)
            {
                address = Writable[i].Address + Writable[i].Length - 1;
                return true;
            }
        }

        address = 0;
        return false;
    }

    private bool TryMap(Cursor cursor, DmaDirection direction, Span<HostSegment> segments, ref int count)
    {
        while (cursor.TryNext(out ulong address, out ulong length))
        {
            if (!_dma.TryMap(address, length, direction, segments, ref count))
            {
                return false;
            }
        }

        return cursor.IsComplete;
    }

    private static ulong Sum(ReadOnlySpan<Descriptor> descriptors)
    {
        ulong sum = 0;
        foreach (ref readonly Descriptor descriptor in descriptors)
        {
            sum += descriptor.Length;
        }

        return sum;
    }

    /// <summary>Walks a range of bytes over descriptors.</summary>
    private ref struct Cursor
    {
        private ReadOnlySpan<Descriptor> _descriptors;
        private ulong _skip;
        private ulong _left;

        internal Cursor(ReadOnlySpan<Descriptor> descriptors, ulong offset, ulong length)
        {
            _descriptors = descriptors;
            _skip = offset;
            _left = length;
        }

        internal readonly bool IsComplete => _left == 0;

        internal bool TryNext(out ulong address, out ulong length)
        {
            while (_left != 0 && !_descriptors.IsEmpty)
            {
                Descriptor descriptor = _descriptors[0];
                _descriptors = _descriptors[1..];
                if (_skip >= descriptor.Length)
                {
                    _skip -= descriptor.Length;
                    continue;
                }

                address = descriptor.Address + _skip;
                length = Math.Min(descriptor.Length - _skip, _left);
                _skip = 0;
                _left -= length;
                return true;
            }

            address = 0;
            length = 0;
            return false;
        }
    }
}
