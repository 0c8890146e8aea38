using System.Runtime.CompilerServices;
using Viaduct.Platform.AddressSpaces;
using Viaduct.Platform.Dma;

namespace Viaduct.Platform.Memory;

/// <summary>
/// The memory of an address space, by guest physical address, for whoever moves bytes: DMA, boot loaders, tests.
/// Everything is checked against what is mapped now; an access outside memory fails and touches nothing. Memory behind
/// BARs is not part of it: it may go with its device while it is in use.
/// </summary>
public sealed unsafe class GuestMemory
{
    private readonly AddressSpace _space;

    /// <param name="space">The address space whose memory this is.</param>
    public GuestMemory(AddressSpace space) => _space = space;

    /// <summary>Copies guest memory out. False, and nothing of use in <paramref name="destination"/>, when any byte of the range is not memory.</summary>
    public bool TryRead(ulong address, Span<byte> destination)
    {
        while (!destination.IsEmpty)
        {
            if (!TryResolve(address, write: false, out byte* host, out ulong available))
            {
                return TryReadRemote(address, destination);
            }

            int count = (int)Math.Min(available, (ulong)destination.Length);
            new ReadOnlySpan<byte>(host, count).CopyTo(destination);
            destination = destination[count..];
            address += (ulong)count;
        }

        return true;
    }

    /// <summary>Copies into guest memory. False when any byte of the range is not writable memory; bytes before that one may have been written.</summary>
    public bool TryWrite(ulong address, ReadOnlySpan<byte> source)
    {
        while (!source.IsEmpty)
        {
            if (FindMemory(address, write: true) is not { } range)
            {
                return TryWriteRemote(address, source);
            }

            ulong offset = address - range.Start;
            int count = (int)Math.Min(range.Length - offset, (ulong)source.Length);
            source[..count].CopyTo(new Span<byte>(range.Host + offset, count));
            range.Memory!.NoteWrite(range.MemoryOffset + offset, (ulong)count);
            source = source[count..];
            address += (ulong)count;
        }

        return true;
    }

    /// <summary>Reads one unmanaged value of any alignment.</summary>
    public bool TryRead<T>(ulong address, out T value)
        where T : unmanaged
    {
        Unsafe.SkipInit(out value);
        return TryRead(address, new Span<byte>(Unsafe.AsPointer(ref value), sizeof(T)));
    }

    /// <summary>Writes one unmanaged value at any alignment.</summary>
    public bool TryWrite<T>(ulong address, T value)
        where T : unmanaged => TryWrite(address, new ReadOnlySpan<byte>(&value, sizeof(T)));

    /// <summary>A span over memory that is contiguous on the host, too. Not to be kept: the guest may unmap it.</summary>
    public bool TryGetSpan(ulong address, int length, DmaDirection direction, out Span<byte> span)
    {
        if (length >= 0
            && TryResolve(address, direction == DmaDirection.FromDevice, out byte* host, out ulong available, (ulong)length)
            && available >= (ulong)length)
        {
            span = new Span<byte>(host, length);
            return true;
        }

        span = default;
        return false;
    }

    /// <summary>
    /// Appends the host segments of a range to <paramref name="segments"/>, for scatter-gather I/O without a copy.
    /// </summary>
    /// <returns>False when part of the range is not memory (or not writable), or when there is no room for another segment.</returns>
    public bool TryMap(ulong address, ulong length, DmaDirection direction, Span<HostSegment> segments, ref int count)
    {
        while (length != 0)
        {
            if (count == segments.Length
                || !TryResolve(address, direction == DmaDirection.FromDevice, out byte* host, out ulong available, length))
            {
                return false;
            }

            ulong part = Math.Min(available, length);
            segments[count++] = new HostSegment(host, (nuint)part);
            address += part;
            length -= part;
        }

        return true;
    }

    /// <summary>
    /// Says that bytes were written by way of a span or segments from here, before anybody is told that they are: an
    /// engine may have read code of them meanwhile. Bytes that are memory no more are passed over.
    /// </summary>
    public void NoteWritten(ulong address, ulong length)
    {
        while (length != 0 && FindMemory(address, write: true) is { } range)
        {
            ulong offset = address - range.Start;
            ulong part = Math.Min(range.Length - offset, length);
            range.Memory!.NoteWrite(range.MemoryOffset + offset, part);
            address += part;
            length -= part;
        }
    }

    /// <summary>
    /// Whether a range is memory throughout, but in part that of another process, so that only <see cref="TryRead(ulong, Span{byte})"/>
    /// and <see cref="TryWrite(ulong, ReadOnlySpan{byte})"/> reach it.
    /// </summary>
    public bool MustCopy(ulong address, ulong length, DmaDirection direction)
    {
        bool remote = false;
        while (length != 0)
        {
            if (Find(address, direction == DmaDirection.FromDevice) is not { } range)
            {
                return false;
            }

            remote |= range.Remote is not null;
            ulong part = Math.Min(range.Length - (address - range.Start), length);
            address += part;
            length -= part;
        }

        return remote;
    }

    // The rest of a range from a place on that isn't memory of this process.
    private bool TryReadRemote(ulong address, Span<byte> destination)
    {
        if (Find(address, write: false) is not { Remote: { } remote } range)
        {
            return false;
        }

        int count = (int)Math.Min(range.Length - (address - range.Start), (ulong)destination.Length);
        return remote.TryRead(address, destination[..count]) && TryRead(address + (ulong)count, destination[count..]);
    }

    private bool TryWriteRemote(ulong address, ReadOnlySpan<byte> source)
    {
        if (Find(address, write: true) is not { Remote: { } remote } range)
        {
            return false;
        }

        int count = (int)Math.Min(range.Length - (address - range.Start), (ulong)source.Length);
        return remote.TryWrite(address, source[..count]) && TryWrite(address + (ulong)count, source[count..]);
    }

    private FlatRange? Find(ulong address, bool write) =>
        _space.Current.Find(address) is { } range
        && (range.Remote is not null || range.Memory is not null)
        && !range.IsBar
        && !(write && range.ReadOnly)
            ? range
            : null;

    private FlatRange? FindMemory(ulong address, bool write) => Find(address, write) is { Memory: not null } range ? range : null;

    private bool TryResolve(ulong address, bool write, out byte* host, out ulong available, ulong length = 1)
    {
        if (FindMemory(address, write) is not { } range)
        {
            host = null;
            available = 0;
            return false;
        }

        ulong offset = address - range.Start;
        host = range.Host + offset;
        available = range.Length - offset;
        if (write)
        {
            range.Memory!.NoteWrite(range.MemoryOffset + offset, Math.Min(length, available));
        }

        return true;
    }
}
