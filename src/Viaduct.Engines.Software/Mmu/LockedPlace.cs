using System.Runtime.InteropServices;
using Viaduct.Engines.Software.Decoding;
using Viaduct.Platform.AddressSpaces;
using Viaduct.Platform.Memory;

namespace Viaduct.Engines.Software.Mmu;

/// <summary>
/// Where a locked operation is carried out that the inline look-up can't answer: memory with decoded code on it, and
/// operands across pages. Where the two pages aren't neighbours in the host's memory either, all other processors wait
/// while a copy is worked on.
/// </summary>
internal sealed unsafe class LockedPlace : IDisposable
{
    private const int MaxBytes = 16;

    private readonly MapFollower _map;
    private readonly ProcessorGate _gate;
    private readonly byte* _copy = (byte*)NativeMemory.AlignedAlloc(MaxBytes, MaxBytes);
    private Piece _first;
    private Piece _second;
    private bool _apart;

    internal LockedPlace(MapFollower map, ProcessorGate gate)
    {
        _map = map;
        _gate = gate;
    }

    /// <summary>Begins an operation within a page.</summary>
    internal byte* Begin(FlatRange range, ulong physical, int size)
    {
        _first = new Piece(range, physical, size);
        _second = default;
        _apart = false;
        return _first.Host;
    }

    /// <summary>Begins one across pages. Null where the map has changed while others were waited for: look the pages up again.</summary>
    internal byte* Begin(FlatRange first, ulong physical, int size, FlatRange second, ulong physicalSecond, int sizeSecond)
    {
        _first = new Piece(first, physical, size);
        _second = new Piece(second, physicalSecond, sizeSecond);
        _apart = _first.Host + size != _second.Host;
        if (!_apart)
        {
            return _first.Host;
        }

        _map.Leave();
        _gate.Close();
        _map.ReturnThroughGate();
        if (_map.IsBehind)
        {
            _gate.Open();
            return null;
        }

        new ReadOnlySpan<byte>(_first.Host, size).CopyTo(new Span<byte>(_copy, size));
        new ReadOnlySpan<byte>(_second.Host, sizeSecond).CopyTo(new Span<byte>(_copy + size, sizeSecond));
        return _copy;
    }

    /// <summary>Ends the operation; the bytes are stored.</summary>
    /// <returns>Whether they were decoded code of this processor.</returns>
    internal bool End(CodeCache code)
    {
        if (_apart)
        {
            new ReadOnlySpan<byte>(_copy, _first.Size).CopyTo(new Span<byte>(_first.Host, _first.Size));
            new ReadOnlySpan<byte>(_copy + _first.Size, _second.Size).CopyTo(new Span<byte>(_second.Host, _second.Size));
            _gate.Open();
        }

        return _first.HasChanged(code) | _second.HasChanged(code);
    }

    /// <summary>Replaces 16 bytes if they are as expected, while all other processors wait.</summary>
    internal UInt128 ExchangeAlone(byte* place, UInt128 expected, UInt128 replacement)
    {
        _map.Leave();
        _gate.Close();
        _map.ReturnThroughGate();
        UInt128 before = *(UInt128*)place;
        if (before == expected)
        {
            *(UInt128*)place = replacement;
        }

        _gate.Open();
        return before;
    }

    /// <inheritdoc/>
    public void Dispose() => NativeMemory.AlignedFree(_copy);

    private readonly struct Piece
    {
        private readonly HostMemory _memory;
        private readonly ulong _offset;

        internal Piece(FlatRange range, ulong physical, int size)
        {
            _memory = range.Memory!;
            _offset = range.MemoryOffset + (physical - range.Start);
            Host = range.Host + (physical - range.Start);
            Size = size;
        }

        internal byte* Host { get; }

        internal int Size { get; }

        internal bool HasChanged(CodeCache code)
        {
            ulong page = _offset / HostMemory.PageSize;
            return Size != 0
                && Volatile.Read(ref _memory.WatchedPages[page]) != 0
                && code.OnStore(_memory, page, (int)(_offset % HostMemory.PageSize), Size);
        }
    }
}
