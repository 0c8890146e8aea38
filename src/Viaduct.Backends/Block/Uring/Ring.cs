using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Viaduct.Backends.Interop;
using Viaduct.Platform.Host;

namespace Viaduct.Backends.Block.Uring;

/// <summary>
/// A pair of rings shared with the kernel: submissions go in, completions come out. One thread uses it at a time.
/// The kernel's offsets are checked against the mapping before a pointer is made of them.
/// </summary>
internal sealed unsafe class Ring : IDisposable
{
    private readonly SafeFileHandle _handle;
    private readonly UringSubmission* _submissions;
    private readonly UringCompletion* _completions;
    private readonly uint* _submissionHead;
    private readonly uint* _submissionTail;
    private readonly uint* _submissionFlags;
    private readonly uint* _completionHead;
    private readonly uint* _completionTail;
    private readonly uint _submissionMask;
    private readonly uint _completionMask;
    private readonly nuint _ringLength;
    private readonly nuint _submissionsLength;
    private byte* _ring;
    private uint _tail;
    private uint _unsubmitted;

    private Ring(SafeFileHandle handle, in UringParameters parameters)
    {
        _handle = handle;
        uint submissions = parameters.SubmissionEntries;
        uint completions = parameters.CompletionEntries;
        nuint forSubmissions = parameters.SubmissionArray + ((nuint)submissions * sizeof(uint));
        nuint forCompletions = parameters.CompletionArray + ((nuint)completions * (nuint)sizeof(UringCompletion));
        _ringLength = Math.Max(forSubmissions, forCompletions);
        _submissionsLength = submissions * (nuint)sizeof(UringSubmission);
        _ring = Map(_ringLength, UringCalls.IORING_OFF_SQ_RING);
        try
        {
            _submissions = (UringSubmission*)Map(_submissionsLength, UringCalls.IORING_OFF_SQES);
        }
        catch
        {
            _ = UringCalls.munmap(_ring, _ringLength);
            throw;
        }

        _submissionHead = Word(parameters.SubmissionHead);
        _submissionTail = Word(parameters.SubmissionTail);
        _submissionFlags = Word(parameters.SubmissionFlags);
        _completionHead = Word(parameters.CompletionHead);
        _completionTail = Word(parameters.CompletionTail);
        _submissionMask = *Word(parameters.SubmissionMask);
        _completionMask = *Word(parameters.CompletionMask);
        _completions = (UringCompletion*)Part(parameters.CompletionArray, completions * (nuint)sizeof(UringCompletion));
        uint* order = (uint*)Part(parameters.SubmissionArray, submissions * (nuint)sizeof(uint));
        Check(_submissionMask == submissions - 1 && uint.IsPow2(submissions), "the submission mask");
        Check(_completionMask == completions - 1 && uint.IsPow2(completions), "the completion mask");

        // Entries are used in ring order, so the indirection is set up once.
        for (uint i = 0; i < submissions; i++)
        {
            order[i] = i;
        }

        _tail = *_submissionTail;
    }

    /// <summary>Whether there is a completion to take, without a system call.</summary>
    internal bool HasCompletion => *_completionHead != Volatile.Read(ref *_completionTail);

    /// <summary>Whether the kernel holds completions back until it is entered.</summary>
    internal bool MustEnter =>
        (Volatile.Read(ref *_submissionFlags) & (UringCalls.IORING_SQ_TASKRUN | UringCalls.IORING_SQ_CQ_OVERFLOW)) != 0;

    /// <summary>Whether there are submissions that the kernel has not taken.</summary>
    internal bool HasUnsubmitted => _unsubmitted != 0;

    /// <summary>The descriptor, for registering and probing.</summary>
    internal int Descriptor => (int)_handle.DangerousGetHandle();

    /// <summary>Makes a ring.</summary>
    /// <param name="entries">How many submissions fit.</param>
    /// <exception cref="HostException">The host refuses: io_uring is switched off, filtered, or out of locked memory.</exception>
    internal static Ring Create(int entries)
    {
        UringParameters parameters;
        int fd = Setup(entries, UringCalls.IORING_SETUP_COOP_TASKRUN | UringCalls.IORING_SETUP_TASKRUN_FLAG, &parameters);
        if (fd == -Errno.EINVAL)
        {
            // Before Linux 5.19: completions interrupt the thread instead of waiting for its next system call.
            fd = Setup(entries, 0, &parameters);
        }

        if (fd < 0)
        {
            throw new HostException("io_uring_setup", -fd);
        }

        SafeFileHandle handle = new(fd, ownsHandle: true);
        try
        {
            const uint Needed = UringCalls.IORING_FEAT_SINGLE_MMAP | UringCalls.IORING_FEAT_NODROP;
            return (parameters.Features & Needed) == Needed
                ? new Ring(handle, parameters)
                : throw new HostException("io_uring_setup: this kernel's io_uring is too old", Errno.ENOSYS);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>The next free entry, cleared. The caller never has more under way than the ring has entries.</summary>
    internal UringSubmission* Prepare()
    {
        uint used = _tail - Volatile.Read(ref *_submissionHead);
        Check(used <= _submissionMask, "room for a submission");
        UringSubmission* entry = _submissions + (_tail & _submissionMask);
        *entry = default;
        _tail++;
        _unsubmitted++;
        Volatile.Write(ref *_submissionTail, _tail);
        return entry;
    }

    /// <summary>Gives the kernel what is prepared, and takes what it has for us; waits for a completion if asked to.</summary>
    internal void Enter(bool wait)
    {
        while (true)
        {
            nint taken = UringCalls.enter(UringCalls.SYS_io_uring_enter, Descriptor, (nint)_unsubmitted, wait ? 1 : 0, (nint)UringCalls.IORING_ENTER_GETEVENTS, null, 0);
            if (taken >= 0)
            {
                _unsubmitted -= (uint)taken;
                return;
            }

            switch (Marshal.GetLastPInvokeError())
            {
                case Errno.EINTR:
                    continue;
                case Errno.EAGAIN or Errno.EBUSY:
                    // Short of memory, or completions must be taken first: what is prepared stays for the next time.
                    return;
                default:
                    throw HostException.Last("io_uring_enter");
            }
        }
    }

    /// <summary>Waits until there is a completion, or a time has passed.</summary>
    internal void WaitForCompletion(TimeSpan longest)
    {
        PollCalls.PollFd poll = new() { Fd = Descriptor, Events = PollCalls.POLLIN };
        PollCalls.Timespec time = new() { Seconds = longest.Ticks / TimeSpan.TicksPerSecond, Nanoseconds = longest.Ticks % TimeSpan.TicksPerSecond * 100 };
        if (PollCalls.ppoll(&poll, 1, &time, null) < 0 && Marshal.GetLastPInvokeError() != Errno.EINTR)
        {
            throw HostException.Last("ppoll on an io_uring");
        }
    }

    /// <summary>Takes a completion if there is one.</summary>
    internal bool TryTake(out UringCompletion completion)
    {
        uint head = *_completionHead;
        if (head == Volatile.Read(ref *_completionTail))
        {
            completion = default;
            return false;
        }

        completion = _completions[head & _completionMask];
        Volatile.Write(ref *_completionHead, head + 1);
        return true;
    }

    public void Dispose()
    {
        if (_ring is null)
        {
            return;
        }

        _ = UringCalls.munmap(_submissions, _submissionsLength);
        _ = UringCalls.munmap(_ring, _ringLength);
        _ring = null;
        _handle.Dispose();
    }

    private static int Setup(int entries, uint flags, UringParameters* parameters)
    {
        *parameters = new UringParameters { Flags = flags };
        nint fd = UringCalls.syscall(UringCalls.SYS_io_uring_setup, entries, parameters);
        return fd >= 0 ? (int)fd : -Marshal.GetLastPInvokeError();
    }

    private static void Check(bool holds, string what, [CallerMemberName] string where = "")
    {
        if (!holds)
        {
            throw new InvalidOperationException($"io_uring: {what} is not as it should be ({where})");
        }
    }

    private byte* Map(nuint length, long offset)
    {
        void* address = UringCalls.mmap(null, length, UringCalls.PROT_READ_WRITE, UringCalls.MAP_SHARED_POPULATE, Descriptor, offset);
        return address != UringCalls.MapFailed ? (byte*)address : throw HostException.Last($"mmap {length} bytes of an io_uring");
    }

    private uint* Word(uint offset) => (uint*)Part(offset, sizeof(uint));

    private byte* Part(uint offset, nuint length)
    {
        Check(offset % sizeof(uint) == 0 && length <= _ringLength && offset <= _ringLength - length, "an offset");
        return _ring + offset;
    }
}
