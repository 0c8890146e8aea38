using System.Runtime.InteropServices;

namespace Viaduct.Backends.Block.Raw;

/// <summary>A queue's requests: as many slots as its depth, those that are free, and those that are done and not reaped.</summary>
internal sealed unsafe class RawRequests : IDisposable
{
    private readonly RawRequest* _slots;
    private readonly int[] _free;
    private readonly int[] _done;
    private int _freeCount;
    private int _doneFirst;
    private bool _disposed;

    internal RawRequests(int depth)
    {
        Depth = depth;
        _slots = (RawRequest*)NativeMemory.AllocZeroed((nuint)depth, (nuint)sizeof(RawRequest));
        _free = new int[depth];
        _done = new int[depth];
        for (int i = 0; i < depth; i++)
        {
            _free[i] = depth - 1 - i;
        }

        _freeCount = depth;
    }

    internal int Depth { get; }

    /// <summary>Slots that are taken.</summary>
    internal int InFlight => Depth - _freeCount;

    /// <summary>Slots that are done and wait to be reaped.</summary>
    internal int DoneCount { get; private set; }

    internal RawRequest* this[int slot] => _slots + slot;

    /// <summary>Takes a free slot, or gives -1.</summary>
    internal int Take() => _freeCount == 0 ? -1 : _free[--_freeCount];

    /// <summary>Marks a slot as done.</summary>
    internal void Finish(int slot)
    {
        int last = _doneFirst + DoneCount;
        _done[last < Depth ? last : last - Depth] = slot;
        DoneCount++;
    }

    /// <summary>Hands out what is done and frees its slots.</summary>
    internal int Reap(Span<BlockCompletion> completions)
    {
        int count = Math.Min(DoneCount, completions.Length);
        for (int i = 0; i < count; i++)
        {
            int slot = _done[_doneFirst];
            _doneFirst = _doneFirst + 1 == Depth ? 0 : _doneFirst + 1;
            completions[i] = new BlockCompletion(_slots[slot].Token, _slots[slot].Error);
            _free[_freeCount++] = slot;
        }

        DoneCount -= count;
        return count;
    }

    /// <summary>Frees all memory; nothing may be under way.</summary>
    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        for (int i = 0; i < Depth; i++)
        {
            _slots[i].Free();
        }

        NativeMemory.Free(_slots);
    }
}
