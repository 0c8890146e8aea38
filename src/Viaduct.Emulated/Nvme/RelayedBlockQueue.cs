using Viaduct.Backends.Block;
using Viaduct.Platform.Accounting;
using Viaduct.Platform.Dma;
using Viaduct.Platform.Workers;

namespace Viaduct.Emulated.Nvme;

/// <summary>
/// A disk's queue driven by a thread of its own, for a controller that has several disks: its worker can wait on one
/// queue only, and this one wakes it. Requests and completions cross over in two rings, each with one writer and one
/// reader. Segments are copied into arrays that are kept, so that nothing is allocated once they have grown.
/// </summary>
internal sealed class RelayedBlockQueue : IBlockQueue, IWork
{
    private const int CompletionBatch = 64;

    private readonly IBlockQueue _inner;
    private readonly Action _wakeOwner;
    private readonly Request[] _requests;
    private readonly BlockCompletion[] _completions;
    private readonly BlockCompletion[] _batch = new BlockCompletion[CompletionBatch];
    private readonly DeviceWorker _worker;
    private readonly int _mask;
    private readonly int _depth;
    private int _requestHead;
    private int _requestTail;
    private int _completionHead;
    private int _completionTail;
    private bool _unannounced;

    /// <param name="inner">The disk's queue, opened with <paramref name="depth"/>; disposed with this one.</param>
    /// <param name="depth">How many requests may be under way at once.</param>
    /// <param name="name">The thread's name.</param>
    /// <param name="counters">Whose CPU time it is.</param>
    /// <param name="wakeOwner">Wakes the worker that reaps here.</param>
    internal RelayedBlockQueue(IBlockQueue inner, int depth, string name, DeviceCounters counters, Action wakeOwner)
    {
        _inner = inner;
        _wakeOwner = wakeOwner;
        _depth = depth;
        int size = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)depth);
        _mask = size - 1;
        _requests = new Request[size];
        _completions = new BlockCompletion[size];
        _worker = new DeviceWorker(name, this, counters);
    }

    /// <inheritdoc/>
    public int InFlight { get; private set; }

    /// <inheritdoc/>
    public bool TrySubmit(in BlockRequest request)
    {
        if (InFlight == _depth)
        {
            return false;
        }

        ref Request slot = ref _requests[_requestTail & _mask];
        slot.Take(in request);
        Volatile.Write(ref _requestTail, _requestTail + 1);
        InFlight++;
        _unannounced = true;
        return true;
    }

    /// <inheritdoc/>
    public int Reap(Span<BlockCompletion> completions)
    {
        Announce();
        int count = Math.Min(Volatile.Read(ref _completionTail) - _completionHead, completions.Length);
        for (int i = 0; i < count; i++)
        {
            completions[i] = _completions[(_completionHead + i) & _mask];
        }

        Volatile.Write(ref _completionHead, _completionHead + count);
        InFlight -= count;
        return count;
    }

    /// <summary>Never asked: the owner waits on its first disk's queue.</summary>
    void IBlockQueue.Wait(TimeSpan longest) => throw new NotSupportedException("A relayed queue wakes its owner instead");

    /// <inheritdoc cref="IBlockQueue.Wait(TimeSpan)"/>
    void IBlockQueue.Wait() => throw new NotSupportedException("A relayed queue wakes its owner instead");

    /// <summary>Wakes this queue's own thread.</summary>
    public void Wake() => _inner.Wake();

    bool IWork.DoWork()
    {
        bool worked = false;
        while (_requestHead != Volatile.Read(ref _requestTail) && _requests[_requestHead & _mask].TrySubmit(_inner))
        {
            Volatile.Write(ref _requestHead, _requestHead + 1);
            worked = true;
        }

        int count = _inner.Reap(_batch);
        for (int i = 0; i < count; i++)
        {
            _completions[(_completionTail + i) & _mask] = _batch[i];
        }

        if (count != 0)
        {
            Volatile.Write(ref _completionTail, _completionTail + count);
            _wakeOwner();
        }

        return worked || count != 0;
    }

    void IWork.Sleep() => _inner.Wait();

    /// <inheritdoc/>
    public void Dispose()
    {
        _worker.Dispose();
        _inner.Dispose();
    }

    private void Announce()
    {
        if (_unannounced)
        {
            _unannounced = false;
            _inner.Wake();
        }
    }

    private struct Request
    {
        private HostSegment[]? _segments;
        private int _segmentCount;
        private BlockOperation _operation;
        private ulong _offset;
        private ulong _length;
        private ulong _token;
        private bool _forceUnitAccess;

        internal void Take(in BlockRequest request)
        {
            if (_segments is null || _segments.Length < request.Segments.Length)
            {
                _segments = new HostSegment[Math.Max(16, request.Segments.Length)];
            }

            request.Segments.CopyTo(_segments);
            _segmentCount = request.Segments.Length;
            _operation = request.Operation;
            _offset = request.Offset;
            _length = request.Length;
            _token = request.Token;
            _forceUnitAccess = request.ForceUnitAccess;
        }

        internal readonly bool TrySubmit(IBlockQueue queue) => queue.TrySubmit(new BlockRequest
        {
            Operation = _operation,
            Offset = _offset,
            Length = _length,
            Segments = _segments.AsSpan(0, _segmentCount),
            Token = _token,
            ForceUnitAccess = _forceUnitAccess,
        });
    }
}
