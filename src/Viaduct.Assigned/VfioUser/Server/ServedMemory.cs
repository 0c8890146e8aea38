using Viaduct.Platform.Accounting;
using Viaduct.Platform.AddressSpaces;
using Viaduct.Platform.Dma;
using Viaduct.Platform.Interrupts;
using Viaduct.Platform.Memory;

namespace Viaduct.Assigned.VfioUser.Server;

/// <summary>What a served function sees as memory: what its client has mapped, and nothing while there is none.</summary>
public sealed class ServedMemory
{
    /// <summary>Maps that a client may have at once.</summary>
    internal const int MaxMaps = 4096;

    private readonly AddressSpace _space = new("client memory");
    private readonly SortedList<ulong, Piece> _pieces = [];

    /// <summary>The identity of the function that is served. Its messages go to the client's eventfds; what it writes to an address as a message is lost.</summary>
    /// <param name="counters">Where its bytes and interrupts are counted.</param>
    public DmaTarget NewTarget(DeviceCounters counters) => new(new GuestMemory(_space), NowhereSink.Instance, counters);

    /// <summary>Whether part of it has to be asked for.</summary>
    internal bool AnyRemote { get; private set; }

    /// <summary>Whether a range can be mapped: zero, or the errno that says why not.</summary>
    internal int Check(ulong address, ulong length)
    {
        const ulong Mask = HostMemory.PageSize - 1;
        if (length == 0 || ((address | length) & Mask) != 0 || address + (length - 1) < address)
        {
            return Errno.Invalid;
        }

        return _pieces.Count == MaxMaps ? Errno.NoSpace
            : Overlaps(address, length) ? Errno.Exists
            : 0;
    }

    /// <summary>Shows the function memory that this process has mapped, too; it is given back with the piece.</summary>
    internal void Map(ulong address, HostMemory memory, bool writable)
    {
        Mapping mapping = _space.MapMemory("client memory", address, memory, 0, memory.Length, readOnly: !writable);
        _pieces.Add(address, new Piece(mapping, memory));
    }

    /// <summary>Shows the function memory that is asked for.</summary>
    internal void Map(ulong address, ulong length, IRemoteMemory memory, bool writable)
    {
        Mapping mapping = _space.MapRemote("client memory", address, length, memory, readOnly: !writable);
        _pieces.Add(address, new Piece(mapping, null));
        AnyRemote = true;
    }

    /// <summary>The pieces that lie inside a range. False when one lies there only in part.</summary>
    internal bool TryFind(ulong address, ulong length, out List<ulong> starts)
    {
        starts = [];
        ulong last = address + (length - 1);
        for (int i = Math.Max(0, IndexAfter(address) - 1); i < _pieces.Count; i++)
        {
            Mapping mapping = _pieces.GetValueAtIndex(i).Mapping;
            ulong end = mapping.Start + (mapping.Length - 1);
            if (mapping.Start > last)
            {
                break;
            }

            if (end < address)
            {
                continue;
            }

            if (mapping.Start < address || end > last)
            {
                return false;
            }

            starts.Add(mapping.Start);
        }

        return true;
    }

    /// <summary>Takes pieces away. No DMA may be under way.</summary>
    /// <returns>Bytes.</returns>
    internal ulong Remove(List<ulong> starts)
    {
        ulong bytes = 0;
        foreach (ulong start in starts)
        {
            Piece piece = _pieces[start];
            bytes += piece.Mapping.Length;
            piece.Mapping.Dispose();
            piece.Memory?.Dispose();
            _ = _pieces.Remove(start);
        }

        AnyRemote = _pieces.Values.Any(piece => piece.Memory is null);
        return bytes;
    }

    /// <summary>Takes all away. No DMA may be under way.</summary>
    /// <returns>Bytes.</returns>
    internal ulong Clear() => Remove([.. _pieces.Keys]);

    private bool Overlaps(ulong address, ulong length)
    {
        int after = IndexAfter(address);
        if (after < _pieces.Count && _pieces.GetKeyAtIndex(after) - address < length)
        {
            return true;
        }

        return after != 0 && address - _pieces.GetKeyAtIndex(after - 1) < _pieces.GetValueAtIndex(after - 1).Mapping.Length;
    }

    // The first piece that begins after an address.
    private int IndexAfter(ulong address)
    {
        int low = 0;
        int high = _pieces.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (_pieces.GetKeyAtIndex(middle) <= address)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }

    private readonly record struct Piece(Mapping Mapping, HostMemory? Memory);

    private sealed class NowhereSink : IMsiSink
    {
        internal static readonly NowhereSink Instance = new();

        public void Signal(ushort requesterId, ulong address, uint data)
        {
            // Messages are taken over before they become one.
        }
    }
}
