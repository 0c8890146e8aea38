using Viaduct.Platform.Accounting;
using Viaduct.Platform.AddressSpaces;
using Viaduct.Platform.Memory;

namespace Viaduct.Assigned;

/// <summary>
/// Lets the device reach the guest's memory, all of it and nothing else, and follows its changes. What lies behind
/// BARs is not memory: another device may take it away.
/// </summary>
internal sealed class DmaFollower : IDisposable
{
    private readonly Lock _lock = new();
    private readonly AddressSpace _space;
    private readonly IAssignedDevice _device;
    private readonly IEventLog _log;
    private readonly string _name;
    private List<Piece> _mapped = [];
    private AddressMap? _seen;
    private bool _disposed;

    internal DmaFollower(string name, AddressSpace space, IAssignedDevice device, IEventLog log)
    {
        _name = name;
        _space = space;
        _device = device;
        _log = log;
        _space.Changed += Follow;
        Follow();
    }

    /// <summary>Whether all of the guest's memory could be mapped so far.</summary>
    internal bool IsComplete { get; private set; } = true;

    /// <summary>Takes all memory away from the device.</summary>
    public void Dispose()
    {
        _space.Changed -= Follow;
        lock (_lock)
        {
            _disposed = true;
            foreach (Piece piece in _mapped)
            {
                _ = TryUnmap(piece);
            }

            _mapped = [];
        }
    }

    private void Follow()
    {
        lock (_lock)
        {
            AddressMap map = _space.Current;
            if (_disposed || ReferenceEquals(map, _seen))
            {
                return;
            }

            _seen = map;
            List<Piece> wanted = PiecesOf(map);
            if (wanted.SequenceEqual(_mapped))
            {
                return;
            }

            foreach (Piece piece in _mapped.Except(wanted))
            {
                if (!TryUnmap(piece))
                {
                    _log.Warn(_name, $"{piece.Length:x} bytes of memory at {piece.Address:x} could not be taken back from {_device.Name}");
                }
            }

            wanted.RemoveAll(piece => !_mapped.Contains(piece) && !TryMap(piece));
            _mapped = wanted;
        }
    }

    private bool TryMap(Piece piece)
    {
        if (IsUnseen(piece))
        {
            piece.Memory.AddUnseenWriter();
        }

        if (_device.TryMapDma(piece.Address, piece.Memory, piece.Offset, piece.Length, piece.Writable))
        {
            return true;
        }

        if (IsUnseen(piece))
        {
            piece.Memory.RemoveUnseenWriter();
        }

        IsComplete = false;
        _log.Warn(_name, $"{_device.Name} can't reach {piece.Length:x} bytes of memory at {piece.Address:x}{(_device.MapRefusal is { } refusal ? $": {refusal}" : "")}");
        return false;
    }

    // Of a device that is lost nobody knows whether it has let go.
    private bool TryUnmap(Piece piece)
    {
        bool done = _device.TryUnmapDma(piece.Address, piece.Length);
        if (done && IsUnseen(piece))
        {
            piece.Memory.RemoveUnseenWriter();
        }

        return done;
    }

    private bool IsUnseen(Piece piece) => piece.Writable && !(_device.NotesWrites && piece.Memory.PageMapOffset is not null);

    private static List<Piece> PiecesOf(AddressMap map)
    {
        List<Piece> pieces = [];
        foreach (FlatRange range in map.Ranges)
        {
            if (range.Memory is { } memory && !range.IsBar)
            {
                pieces.Add(new Piece(range.Start, memory, range.MemoryOffset, range.Length, !range.ReadOnly));
            }
        }

        return pieces;
    }

    private readonly record struct Piece(ulong Address, HostMemory Memory, ulong Offset, ulong Length, bool Writable);
}
