using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Viaduct.Platform.Host;

/// <summary>
/// A Linux eventfd: a counter that any thread or process can raise and one waits for. It carries doorbells and
/// interrupts between threads, processes and, on KVM, the kernel.
/// </summary>
public sealed unsafe class EventFd : SafeHandleZeroOrMinusOneIsInvalid
{
    private readonly bool _foreign;
    private int _begun;
    private int _done;
    private (int Begun, int Done) _seen;

    /// <summary>Makes a counter that stands at zero.</summary>
    /// <exception cref="HostException">The process has no descriptor left.</exception>
    public EventFd()
        : base(ownsHandle: true)
    {
        int fd = Libc.eventfd(0, Libc.EFD_CLOEXEC | Libc.EFD_NONBLOCK);
        if (fd < 0)
        {
            throw HostException.Last("eventfd");
        }

        SetHandle(fd);
    }

    private EventFd(nint descriptor)
        : base(ownsHandle: true)
    {
        SetHandle(descriptor);
        _foreign = true;
        ForeignSignals.Add(this);
    }

    /// <summary>Takes over a counter that another process made.</summary>
    /// <param name="file">The descriptor as it was received; closed where it is no eventfd.</param>
    /// <returns>Null where it is no eventfd: writing to it might block, or do who knows what.</returns>
    public static EventFd? FromFile(SafeFileHandle file)
    {
        int fd = (int)file.DangerousGetHandle();
        bool isEventFd = !file.IsInvalid
            && File.ResolveLinkTarget($"/proc/self/fd/{fd}", returnFinalTarget: false)?.Name == "anon_inode:[eventfd]"
            && Libc.fcntl(fd, Libc.F_SETFL, Libc.O_NONBLOCK) == 0;
        if (!isEventFd)
        {
            file.Dispose();
            return null;
        }

        file.SetHandleAsInvalid();
        return new EventFd(fd);
    }

    /// <summary>The descriptor's number, valid while this object is alive and not disposed.</summary>
    public int Descriptor => (int)handle;

    /// <summary>Raises the counter; wakes whoever waits. Any thread.</summary>
    public void Signal()
    {
        ulong one = 1;
        if (!_foreign)
        {
            _ = Libc.write((int)handle, &one, sizeof(ulong));
            return;
        }

        _ = Interlocked.Increment(ref _begun);
        _ = Libc.write((int)handle, &one, sizeof(ulong));
        _ = Interlocked.Increment(ref _done);
    }

    /// <summary>Whether the counter stands above zero; leaves it there.</summary>
    public bool IsRaised
    {
        get
        {
            Libc.PollFd poll = new() { Fd = (int)handle, Events = Libc.POLLIN };
            Libc.Timespec now = default;
            return Libc.ppoll(&poll, 1, &now, null) > 0;
        }
    }

    /// <summary>Takes the counter back to zero. True when it had been raised.</summary>
    public bool TryConsume() => Take() != 0;

    /// <summary>Takes the counter back to zero.</summary>
    /// <returns>Where it stood: how often it was raised.</returns>
    public ulong Take()
    {
        ulong count;
        return Libc.read((int)handle, &count, sizeof(ulong)) == sizeof(ulong) ? count : 0;
    }

    /// <summary>Waits until the counter is raised, then takes it back to zero.</summary>
    /// <param name="timeoutNanoseconds">The longest wait; negative waits for ever.</param>
    /// <returns>False when the time ran out first.</returns>
    public bool Wait(long timeoutNanoseconds = -1)
    {
        Libc.PollFd poll = new() { Fd = (int)handle, Events = Libc.POLLIN };
        Libc.Timespec time = new()
        {
            Seconds = timeoutNanoseconds / 1_000_000_000,
            Nanoseconds = timeoutNanoseconds % 1_000_000_000,
        };
        int ready = Libc.ppoll(&poll, 1, timeoutNanoseconds < 0 ? null : &time, null);
        if (ready < 0 && Marshal.GetLastPInvokeError() != Libc.EINTR)
        {
            throw HostException.Last("ppoll on an eventfd");
        }

        return ready > 0 && TryConsume();
    }

    /// <summary>Waits until one of two counters is raised; leaves them as they are.</summary>
    public static void WaitForEither(EventFd first, EventFd second)
    {
        Libc.PollFd* polls = stackalloc Libc.PollFd[2];
        polls[0] = new Libc.PollFd { Fd = (int)first.handle, Events = Libc.POLLIN };
        polls[1] = new Libc.PollFd { Fd = (int)second.handle, Events = Libc.POLLIN };
        if (Libc.ppoll(polls, 2, null, null) < 0 && Marshal.GetLastPInvokeError() != Libc.EINTR)
        {
            throw HostException.Last("ppoll on eventfds");
        }
    }

    /// <summary>Whether whoever raised it when this was asked before raises it still. One thread at a time.</summary>
    internal bool IsHeldUp()
    {
        (int Begun, int Done) now = (Volatile.Read(ref _begun), Volatile.Read(ref _done));
        bool heldUp = now.Begun != now.Done && now == _seen;
        _seen = now;
        return heldUp;
    }

    /// <summary>Makes room, for whoever waits for it.</summary>
    internal void Empty()
    {
        bool held = false;
        try
        {
            DangerousAddRef(ref held);
            _ = Libc.fcntl((int)handle, Libc.F_SETFL, Libc.O_NONBLOCK);
            _ = Wait(0);
        }
        catch (ObjectDisposedException)
        {
            // Nobody waits any more.
        }
        finally
        {
            if (held)
            {
                DangerousRelease();
            }
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (_foreign)
        {
            ForeignSignals.Remove(this);
        }

        base.Dispose(disposing);
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => Libc.close((int)handle) == 0;
}
