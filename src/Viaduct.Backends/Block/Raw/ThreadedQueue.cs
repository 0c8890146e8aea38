using System.Runtime.InteropServices;
using Viaduct.Backends.Interop;
using Viaduct.Backends.Waiting;

namespace Viaduct.Backends.Block.Raw;

/// <summary>
/// Requests by a few threads of the queue's own that block in ordinary system calls. The worker hands slots over under
/// one lock and gets them back under another; neither is held during a system call.
/// </summary>
internal sealed unsafe class ThreadedQueue : IBlockQueue
{
    private const int MaximumThreads = 8;
    private readonly object _waitingGate = new();
    private readonly object _finishedGate = new();
    private readonly RawFile _file;
    private readonly RawRequests _requests;
    private readonly List<Thread> _threads = [];
    private readonly int[] _prepared;
    private readonly int[] _waiting;
    private readonly int[] _finished;
    private int _preparedCount;
    private int _waitingFirst;
    private int _waitingCount;
    private int _idle;
    private int _finishedCount;
    private WakeFlag _flag;
    private bool _stopping;

    internal ThreadedQueue(RawFile file, int depth)
    {
        _file = file;
        _requests = new RawRequests(depth);
        _prepared = new int[depth];
        _waiting = new int[depth];
        _finished = new int[depth];
    }

    /// <inheritdoc/>
    public int InFlight => _requests.InFlight;

    /// <inheritdoc/>
    public bool TrySubmit(in BlockRequest request)
    {
        int slot = _requests.Take();
        if (slot < 0)
        {
            return false;
        }

        if (_requests[slot]->Begin(request, _file))
        {
            _requests.Finish(slot);
        }
        else
        {
            _prepared[_preparedCount++] = slot;
        }

        return true;
    }

    /// <inheritdoc/>
    public int Reap(Span<BlockCompletion> completions)
    {
        Start();
        if (Volatile.Read(ref _finishedCount) != 0)
        {
            lock (_finishedGate)
            {
                for (int i = 0; i < _finishedCount; i++)
                {
                    _requests.Finish(_finished[i]);
                }

                _finishedCount = 0;
            }
        }

        return _requests.Reap(completions);
    }

    /// <inheritdoc/>
    public void Wait() => Wait(Timeout.InfiniteTimeSpan);

    /// <inheritdoc/>
    public void Wait(TimeSpan longest)
    {
        Start();
        lock (_finishedGate)
        {
            if (_requests.DoneCount == 0 && _finishedCount == 0 && _flag.TrySleep())
            {
                while (_finishedCount == 0 && !_flag.IsRaised && Monitor.Wait(_finishedGate, longest))
                {
                }
            }
        }

        _flag.Rise();
    }

    /// <inheritdoc/>
    public void Wake()
    {
        if (_flag.Raise())
        {
            lock (_finishedGate)
            {
                Monitor.Pulse(_finishedGate);
            }
        }
    }

    /// <summary>Lets the threads finish what was submitted, since it uses the segments, then ends them.</summary>
    public void Dispose()
    {
        if (_stopping)
        {
            return;
        }

        Start();
        lock (_waitingGate)
        {
            _stopping = true;
            Monitor.PulseAll(_waitingGate);
        }

        foreach (Thread thread in _threads)
        {
            thread.Join();
        }

        _requests.Dispose();
    }

    private static long Execute(in RawStep step, int descriptor)
    {
        nint result = step.Call switch
        {
            RawCall.Read => FileCalls.preadv2(descriptor, step.Segments, step.SegmentCount, (long)step.Offset, step.Flags),
            RawCall.Write => FileCalls.pwritev2(descriptor, step.Segments, step.SegmentCount, (long)step.Offset, step.Flags),
            RawCall.Sync => FileCalls.fdatasync(descriptor),
            _ => FileCalls.fallocate(descriptor, step.Flags, (long)step.Offset, (long)step.Length),
        };
        return result < 0 ? -Marshal.GetLastPInvokeError() : result;
    }

    private void Start()
    {
        if (_preparedCount == 0)
        {
            return;
        }

        lock (_waitingGate)
        {
            for (int i = 0; i < _preparedCount; i++)
            {
                int last = _waitingFirst + _waitingCount;
                _waiting[last < _waiting.Length ? last : last - _waiting.Length] = _prepared[i];
                _waitingCount++;
                Monitor.Pulse(_waitingGate);
            }

            while (_waitingCount > _idle && _threads.Count < Math.Min(MaximumThreads, _requests.Depth))
            {
                AddThread();
            }
        }

        _preparedCount = 0;
    }

    private void AddThread()
    {
        Thread thread = new(Serve) { Name = $"disk-{_threads.Count}", IsBackground = true };
        _threads.Add(thread);
        _idle++;
        thread.UnsafeStart();
    }

    private void Serve()
    {
        while (TryDequeue(out int slot))
        {
            RawRequest* request = _requests[slot];
            while (!request->Advance(_file, Execute(request->Next(_file), _file.Descriptor)))
            {
            }

            // Idle first: the worker answers a completion with the next request, and would start a thread for it in vain.
            lock (_waitingGate)
            {
                _idle++;
            }

            lock (_finishedGate)
            {
                _finished[_finishedCount++] = slot;
                Monitor.Pulse(_finishedGate);
            }
        }
    }

    /// <summary>Waits for a slot; false when the queue ends and nothing is left. A thread counts as idle until it has one.</summary>
    private bool TryDequeue(out int slot)
    {
        lock (_waitingGate)
        {
            while (_waitingCount == 0)
            {
                if (_stopping)
                {
                    slot = -1;
                    return false;
                }

                Monitor.Wait(_waitingGate);
            }

            slot = _waiting[_waitingFirst];
            _waitingFirst = _waitingFirst + 1 == _waiting.Length ? 0 : _waitingFirst + 1;
            _waitingCount--;
            _idle--;
            return true;
        }
    }
}
