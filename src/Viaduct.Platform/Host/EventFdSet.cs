using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Viaduct.Platform.Host;

/// <summary>Eventfds that one thread waits for together (epoll). They are added and taken out by any thread, also while it waits.</summary>
public sealed unsafe class EventFdSet : SafeHandleZeroOrMinusOneIsInvalid
{
    private const int Batch = 64;

    /// <summary>Makes an empty set.</summary>
    /// <exception cref="HostException">The process has no descriptor left.</exception>
    public EventFdSet()
        : base(ownsHandle: true)
    {
        int fd = Libc.epoll_create1(Libc.EPOLL_CLOEXEC);
        if (fd < 0)
        {
            throw HostException.Last("epoll_create1");
        }

        SetHandle(fd);
    }

    /// <summary>Adds one that isn't in the set.</summary>
    /// <param name="counter">The eventfd; to be taken out before it is disposed.</param>
    /// <param name="token">What <see cref="Wait"/> gives for it.</param>
    /// <exception cref="HostException">The host has no room for it.</exception>
    public void Add(EventFd counter, ulong token)
    {
        Libc.EpollEvent settings = new() { Events = Libc.EPOLLIN, Data = token };
        if (Libc.epoll_ctl((int)handle, Libc.EPOLL_CTL_ADD, counter.Descriptor, &settings) < 0)
        {
            throw HostException.Last("epoll_ctl on an eventfd");
        }
    }

    /// <summary>Takes one out; its token may still come once, from a wait that saw it before.</summary>
    public void Remove(EventFd counter)
    {
        Libc.EpollEvent settings;
        _ = Libc.epoll_ctl((int)handle, Libc.EPOLL_CTL_DEL, counter.Descriptor, &settings);
    }

    /// <summary>Waits until at least one is raised. They stay raised: the caller consumes them.</summary>
    /// <param name="tokens">Takes the tokens of those that are.</param>
    /// <returns>How many; none when a signal interrupted the wait.</returns>
    public int Wait(Span<ulong> tokens)
    {
        Libc.EpollEvent* events = stackalloc Libc.EpollEvent[Batch];
        int count = Libc.epoll_wait((int)handle, events, Math.Min(tokens.Length, Batch), -1);
        if (count < 0)
        {
            return Marshal.GetLastPInvokeError() == Libc.EINTR ? 0 : throw HostException.Last("epoll_wait");
        }

        for (int i = 0; i < count; i++)
        {
            tokens[i] = events[i].Data;
        }

        return count;
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => Libc.close((int)handle) == 0;
}
