using System.Runtime.InteropServices;
using Viaduct.Backends.Interop;
using Viaduct.Platform.Host;

namespace Viaduct.Backends.Waiting;

/// <summary>A worker's sleep at one descriptor, from which other threads wake it.</summary>
internal sealed unsafe class DescriptorWait : IDisposable
{
    private readonly EventFd _wake = new();
    private readonly EventFd _bell = new();
    private WakeFlag _flag;
    private ulong _rings;

    /// <summary>Ends a wait, too, when it is raised.</summary>
    internal EventFd Bell => _bell;

    /// <summary>Waits for a descriptor to be ready, or for <see cref="Wake"/> since the last wait. Worker's thread.</summary>
    /// <param name="descriptor">What to wait for beside; -1 for nothing.</param>
    /// <param name="events">Of <see cref="PollCalls"/>.</param>
    /// <param name="longest">The time, or <see cref="Timeout.InfiniteTimeSpan"/>.</param>
    internal void Wait(int descriptor, short events, TimeSpan longest)
    {
        if (_flag.TrySleep())
        {
            PollCalls.PollFd* fds = stackalloc PollCalls.PollFd[3];
            fds[0] = new PollCalls.PollFd { Fd = _wake.Descriptor, Events = PollCalls.POLLIN };
            fds[1] = new PollCalls.PollFd { Fd = events == 0 ? -1 : descriptor, Events = events };
            fds[2] = new PollCalls.PollFd { Fd = _bell.Descriptor, Events = PollCalls.POLLIN };
            PollCalls.Timespec time = new()
            {
                Seconds = longest.Ticks / TimeSpan.TicksPerSecond,
                Nanoseconds = longest.Ticks % TimeSpan.TicksPerSecond * TimeSpan.NanosecondsPerTick,
            };
            int ready = PollCalls.ppoll(fds, 3, longest == Timeout.InfiniteTimeSpan ? null : &time, null);
            if (ready < 0 && Marshal.GetLastPInvokeError() != Errno.EINTR)
            {
                throw HostException.Last("ppoll on a network queue");
            }

            if (ready > 0 && fds[0].Returned != 0)
            {
                _ = _wake.TryConsume();
            }

            if (ready > 0 && fds[2].Returned != 0)
            {
                _rings += _bell.Take();
            }
        }

        _flag.Rise();
    }

    /// <summary>Ends a wait, or the next one. Any thread.</summary>
    internal void Wake()
    {
        if (_flag.Raise())
        {
            _wake.Signal();
        }
    }

    /// <summary>How often <see cref="Bell"/> was raised since this was last asked. Worker's thread.</summary>
    internal ulong TakeRings()
    {
        ulong rings = _rings;
        _rings = 0;
        return rings;
    }

    public void Dispose()
    {
        _wake.Dispose();
        _bell.Dispose();
    }
}
