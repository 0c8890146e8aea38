using Viaduct.Backends.Interop;
using Viaduct.Platform.Host;

namespace Viaduct.Backends.Network.Tap;

/// <summary>Watches whether an interface is up, by the kernel's own messages (rtnetlink). An interface that left for another namespace counts as up.</summary>
internal sealed unsafe class LinkWatch : IDisposable
{
    private const int MessageBytes = 8192;

    private readonly string _interface;
    private readonly OwnedDescriptor _netlink;
    private readonly OwnedDescriptor _socket;
    private readonly EventFd _stop = new();
    private readonly Thread _thread;

    internal LinkWatch(string name)
    {
        _interface = name;
        _socket = Open(SocketCalls.AF_INET, SocketCalls.SOCK_DGRAM, 0);
        _netlink = Open(SocketCalls.AF_NETLINK, SocketCalls.SOCK_RAW, SocketCalls.NETLINK_ROUTE);
        SocketCalls.NetlinkAddress address = new() { Family = SocketCalls.AF_NETLINK, Groups = SocketCalls.RTMGRP_LINK };
        if (SocketCalls.bind(_netlink.Number, &address, (uint)sizeof(SocketCalls.NetlinkAddress)) != 0)
        {
            throw HostException.Last("bind of a netlink socket");
        }

        IsUp = Read();
        _thread = new Thread(Run) { Name = $"link-{name}", IsBackground = true };
    }

    /// <summary>Told when it changes, by the watch's own thread.</summary>
    internal event Action<bool>? Changed;

    internal bool IsUp { get; private set; }

    public void Dispose()
    {
        _stop.Signal();
        if (_thread.ThreadState.HasFlag(ThreadState.Unstarted) is false)
        {
            _thread.Join();
        }

        _netlink.Dispose();
        _socket.Dispose();
        _stop.Dispose();
    }

    internal void Start() => _thread.UnsafeStart();

    private static OwnedDescriptor Open(int family, int type, int protocol)
    {
        int fd = SocketCalls.socket(family, type | SocketCalls.SOCK_CLOEXEC | SocketCalls.SOCK_NONBLOCK, protocol);
        return fd < 0 ? throw HostException.Last("socket for an interface's state") : new OwnedDescriptor(fd);
    }

    private bool Read() => TapInterface.IsUp(_socket.Number, _interface) ?? true;

    private void Run()
    {
        byte* message = stackalloc byte[MessageBytes];
        PollCalls.PollFd* fds = stackalloc PollCalls.PollFd[2];
        while (true)
        {
            fds[0] = new PollCalls.PollFd { Fd = _stop.Descriptor, Events = PollCalls.POLLIN };
            fds[1] = new PollCalls.PollFd { Fd = _netlink.Number, Events = PollCalls.POLLIN };
            if (PollCalls.ppoll(fds, 2, null, null) > 0 && fds[0].Returned != 0)
            {
                return;
            }

            // What a message says doesn't matter, nor whether some were lost: the state is read.
            while (FileCalls.read(_netlink.Number, message, MessageBytes) > 0)
            {
            }

            bool up = Read();
            if (up != IsUp)
            {
                IsUp = up;
                Changed?.Invoke(up);
            }
        }
    }
}
