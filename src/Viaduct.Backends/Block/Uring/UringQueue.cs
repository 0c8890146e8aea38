using System.Runtime.InteropServices;
using Viaduct.Backends.Block.Raw;
using Viaduct.Backends.Interop;
using Viaduct.Backends.Waiting;
using Viaduct.Platform.Host;

namespace Viaduct.Backends.Block.Uring;

/// <summary>
/// Requests by io_uring: submitted in one system call with the wait, finished by the kernel with no thread of ours.
/// The worker sleeps in the ring itself; reads of two eventfds stand in it, for the wake and for doorbells.
/// </summary>
internal sealed unsafe class UringQueue : IBlockQueue
{
    /// <summary>The kernel's limit on entries, less room for the two eventfds.</summary>
    internal const int MaximumDepth = 16 * 1024;
    private const int Standing = 2;
    private const ulong WakeUserData = ulong.MaxValue;
    private const ulong BellUserData = ulong.MaxValue - 1;
    private readonly RawFile _file;
    private readonly RawRequests _requests;
    private readonly Ring _ring;
    private readonly EventFd _wake;
    private readonly EventFd _bell;
    private readonly ulong* _wakeCount;
    private readonly ulong* _bellCount;
    private WakeFlag _flag;
    private ulong _rings;
    private bool _wakeArmed;
    private bool _bellArmed;
    private bool _disposed;

    internal UringQueue(RawFile file, int depth)
    {
        _file = file;
        _ring = Ring.Create(depth + Standing);
        _requests = new RawRequests(depth);
        _wake = NewEventFd();
        _bell = NewEventFd();
        _wakeCount = (ulong*)NativeMemory.AllocZeroed(Standing, sizeof(ulong));
        _bellCount = _wakeCount + 1;
    }

    /// <inheritdoc/>
    public int InFlight => _requests.InFlight;

    /// <inheritdoc/>
    public EventFd? Bell => _bell;

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
            PrepareStep(slot);
        }

        return true;
    }

    /// <inheritdoc/>
    public int Reap(Span<BlockCompletion> completions)
    {
        if (_ring.HasUnsubmitted || _ring.MustEnter)
        {
            _ring.Enter(wait: false);
        }

        TakeCompletions();
        return _requests.Reap(completions);
    }

    /// <inheritdoc/>
    public void Wait() => Wait(Timeout.InfiniteTimeSpan);

    /// <inheritdoc/>
    public void Wait(TimeSpan longest)
    {
        bool stay = _requests.DoneCount == 0 && !_ring.HasCompletion && _flag.TrySleep();
        if (stay && !_wakeArmed)
        {
            Arm(_wake, _wakeCount, WakeUserData);
            _wakeArmed = true;
        }

        if (stay && !_bellArmed)
        {
            Arm(_bell, _bellCount, BellUserData);
            _bellArmed = true;
        }

        if (stay || _ring.HasUnsubmitted)
        {
            _ring.Enter(wait: stay && longest == Timeout.InfiniteTimeSpan);
        }

        if (stay && longest != Timeout.InfiniteTimeSpan)
        {
            _ring.WaitForCompletion(longest);
        }

        _flag.Rise();
    }

    /// <inheritdoc/>
    public void Wake()
    {
        if (_flag.Raise())
        {
            _wake.Signal();
        }
    }

    /// <inheritdoc/>
    public ulong TakeRings()
    {
        ulong rings = _rings;
        _rings = 0;
        return rings;
    }

    /// <summary>Waits for what is under way, since the kernel may still use the segments, then frees the ring.</summary>
    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        while (_requests.DoneCount < _requests.InFlight)
        {
            _ring.Enter(wait: true);
            TakeCompletions();
        }

        EndReads();
        _ring.Dispose();
        _wake.Dispose();
        _bell.Dispose();
        _requests.Dispose();
        NativeMemory.Free(_wakeCount);
    }

    private void TakeCompletions()
    {
        bool more = false;
        while (_ring.TryTake(out UringCompletion completion))
        {
            if (completion.UserData == WakeUserData)
            {
                _wakeArmed = false;
                continue;
            }

            if (completion.UserData == BellUserData)
            {
                _bellArmed = false;
                _rings += completion.Result == sizeof(ulong) ? *_bellCount : 0;
                continue;
            }

            int slot = (int)completion.UserData;
            if (_requests[slot]->Advance(_file, completion.Result))
            {
                _requests.Finish(slot);
            }
            else
            {
                PrepareStep(slot);
                more = true;
            }
        }

        if (more)
        {
            _ring.Enter(wait: false);
        }
    }

    private void PrepareStep(int slot)
    {
        RawStep step = _requests[slot]->Next(_file);
        UringSubmission* entry = _ring.Prepare();
        entry->Descriptor = _file.Descriptor;
        entry->UserData = (ulong)slot;
        switch (step.Call)
        {
            case RawCall.Read:
            case RawCall.Write:
                entry->Opcode = step.Call == RawCall.Read ? UringCalls.IORING_OP_READV : UringCalls.IORING_OP_WRITEV;
                entry->Offset = step.Offset;
                entry->Address = (ulong)step.Segments;
                entry->Length = (uint)step.SegmentCount;
                entry->CallFlags = (uint)step.Flags;
                break;
            case RawCall.Sync:
                entry->Opcode = UringCalls.IORING_OP_FSYNC;
                entry->CallFlags = UringCalls.IORING_FSYNC_DATASYNC;
                break;
            default:
                entry->Opcode = UringCalls.IORING_OP_FALLOCATE;
                entry->Offset = step.Offset;
                entry->Address = step.Length;
                entry->Length = (uint)step.Flags;
                break;
        }
    }

    // Non-blocking, the read would end at once instead of standing in the ring until someone raises it.
    private static EventFd NewEventFd()
    {
        EventFd counter = new();
        return FileCalls.fcntl(counter.Descriptor, FileCalls.F_SETFL, null) < 0
            ? throw HostException.Last("fcntl on an eventfd")
            : counter;
    }

    private void Arm(EventFd counter, ulong* count, ulong userData)
    {
        UringSubmission* entry = _ring.Prepare();
        entry->Opcode = UringCalls.IORING_OP_READ;
        entry->Descriptor = counter.Descriptor;
        entry->Address = (ulong)count;
        entry->Length = sizeof(ulong);
        entry->UserData = userData;
    }

    /// <summary>Lets the standing reads end, so that the kernel writes no more to their buffers.</summary>
    private void EndReads()
    {
        _wake.Signal();
        _bell.Signal();
        while (_wakeArmed || _bellArmed)
        {
            _ring.Enter(wait: true);
            TakeCompletions();
        }
    }
}
