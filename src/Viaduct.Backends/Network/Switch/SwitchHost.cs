using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Viaduct.Backends.Interop;
using Viaduct.Backends.Network.Frames;
using Viaduct.Platform.Accounting;
using Viaduct.Platform.Dma;
using Viaduct.Platform.Host;

namespace Viaduct.Backends.Network.Switch;

/// <summary>
/// A learning Ethernet switch with VLANs: one thread that takes frames from its ports' sockets in turn and gives them to
/// others. A frame for a station whose port has no room waits, and so does its sender's next one; those who wait for
/// one port get in by turns. Nobody waits long for a port that takes nothing, and no frame for many waits at all.
/// </summary>
internal sealed unsafe class SwitchHost : IDisposable
{
    /// <summary>The most ports.</summary>
    internal const int MaximumPorts = 256;

    private const ulong ListenerToken = ulong.MaxValue;
    private const ulong StopToken = ulong.MaxValue - 1;
    private const int Batch = 64;
    private const int FramesATurn = 32;
    private const int BytesATurn = 128 << 10;
    private const int SendBuffer = 1 << 20;
    private const long LongestWait = 500;

    private readonly TimeProvider _time;
    private readonly OwnedDescriptor _listener;
    private readonly OwnedDescriptor _epoll;
    private readonly EventFd _stop = new();
    private readonly Dictionary<ulong, SwitchPort> _ports = [];
    private readonly List<SwitchPort> _stalling = [];
    private readonly AddressTable _addresses;
    private readonly FrameBuffer _scratch = new(64);
    private readonly HostSegment[] _parts = GC.AllocateArray<HostSegment>(4, pinned: true);
    private readonly IEventLog _log;
    private readonly string _name;
    private readonly Thread _thread;
    private readonly Action _onEnd;
    private int _nextNumber;

    /// <param name="name">For logs.</param>
    /// <param name="listener">The socket that ports connect to; the host's from now on.</param>
    /// <param name="log">Where ports that misbehave are reported.</param>
    /// <param name="time">The clock.</param>
    /// <param name="onEnd">Called once nothing of it runs any more, by its thread.</param>
    internal SwitchHost(string name, OwnedDescriptor listener, IEventLog log, TimeProvider time, Action onEnd)
    {
        _name = name;
        _listener = listener;
        _log = log;
        _time = time;
        _onEnd = onEnd;
        _addresses = new AddressTable(time);
        int epoll = EpollCalls.epoll_create1(EpollCalls.EPOLL_CLOEXEC);
        _epoll = epoll < 0 ? throw HostException.Last("epoll_create1") : new OwnedDescriptor(epoll);
        Watch(_listener.Number, ListenerToken, EpollCalls.EPOLL_CTL_ADD, EpollCalls.EPOLLIN);
        Watch(_stop.Descriptor, StopToken, EpollCalls.EPOLL_CTL_ADD, EpollCalls.EPOLLIN);
        _thread = new Thread(Run) { Name = $"switch-{name}", IsBackground = true };
        _thread.UnsafeStart();
    }

    /// <summary>Stops forwarding and closes every port.</summary>
    public void Dispose()
    {
        _stop.Signal();
        _thread.Join();
        _stop.Dispose();
    }

    private void Run()
    {
        EpollCalls.EpollEvent* events = stackalloc EpollCalls.EpollEvent[Batch];
        while (true)
        {
            int count = EpollCalls.epoll_wait(_epoll.Number, events, Batch, _stalling.Count == 0 ? -1 : (int)LongestWait);
            for (int i = 0; i < count; i++)
            {
                switch (events[i].Data)
                {
                    case StopToken:
                        End();
                        return;
                    case ListenerToken:
                        Accept();
                        break;
                    default:
                        Serve(events[i].Data, events[i].Events);
                        break;
                }
            }

            if (_stalling.Count != 0)
            {
                GiveUpWaiting();
            }
        }
    }

    private void End()
    {
        foreach (SwitchPort port in _ports.Values)
        {
            port.Dispose();
        }

        _listener.Dispose();
        _epoll.Dispose();
        _scratch.Dispose();
        _onEnd();
    }

    private void Accept()
    {
        int fd = SocketCalls.accept4(_listener.Number, null, null, SocketCalls.SOCK_CLOEXEC | SocketCalls.SOCK_NONBLOCK);
        if (fd < 0)
        {
            return;
        }

        OwnedDescriptor socket = new(fd);
        if (_ports.Count == MaximumPorts)
        {
            _log.Warn(_name, $"a port is refused: there are {MaximumPorts}");
            socket.Dispose();
            return;
        }

        int size = SendBuffer;
        if (SocketCalls.setsockopt(fd, SocketCalls.SOL_SOCKET, SocketCalls.SO_SNDBUFFORCE, &size, sizeof(int)) != 0)
        {
            _ = SocketCalls.setsockopt(fd, SocketCalls.SOL_SOCKET, SocketCalls.SO_SNDBUF, &size, sizeof(int));
        }

        SwitchPort port = new(_nextNumber++, socket, _time);
        _ports.Add((ulong)port.Number, port);
        Watch(fd, (ulong)port.Number, EpollCalls.EPOLL_CTL_ADD, EpollCalls.EPOLLIN);
    }

    private void Serve(ulong token, uint events)
    {
        // It may have gone earlier in this batch.
        if (!_ports.TryGetValue(token, out SwitchPort? port))
        {
            return;
        }

        if ((events & EpollCalls.EPOLLOUT) != 0)
        {
            LetWaitingIn(port);
        }

        if ((events & (EpollCalls.EPOLLIN | EpollCalls.EPOLLHUP | EpollCalls.EPOLLERR)) != 0)
        {
            TakeFrames(port, (events & (EpollCalls.EPOLLHUP | EpollCalls.EPOLLERR)) != 0);
        }
    }

    /// <summary>A port's turn: so many frames, or so many bytes, and the next port's.</summary>
    private void TakeFrames(SwitchPort port, bool hungUp)
    {
        int bytes = 0;
        for (int frames = 0; port.WaitsFor is null && frames < FramesATurn && bytes < BytesATurn; frames++)
        {
            HostSegment room = port.Buffer.Segment(0, port.Buffer.Capacity);
            nint count = SocketCalls.recv(port.Socket.Number, room.Address, room.Length, SocketCalls.MSG_DONTWAIT | SocketCalls.MSG_TRUNC);
            if (count < 0 && Marshal.GetLastPInvokeError() is Errno.EAGAIN or Errno.EINTR)
            {
                break;
            }

            if (count <= 0 || !TryTake(port, (int)count))
            {
                Remove(port);
                return;
            }

            bytes += port.Length;
        }

        if (hungUp && port.WaitsFor is not null)
        {
            Remove(port);
        }
    }

    /// <summary>A message of a port: its hello, then frames. False when it isn't worth listening to any more.</summary>
    private bool TryTake(SwitchPort port, int length)
    {
        port.Length = length;
        if (port.Vlans is null)
        {
            port.Vlans = length == PortHello.Length ? Unsafe.ReadUnaligned<PortHello>(ref port.Buffer.Span[0]).Vlans : null;
            if (port.Vlans is null)
            {
                _log.Warn(_name, $"port {port.Number} is closed: what it sent is no greeting of this version");
            }

            return port.Vlans is not null && TryWelcome(port);
        }

        if (length > port.Buffer.Capacity)
        {
            port.Counters.Dropped(DropReason.TooLong);
        }
        else if (length < OffloadHeader.Length || !SwitchFrame.TryMake(FrameOf(port), port.Vlans, out SwitchFrame frame))
        {
            port.Counters.Dropped(DropReason.Filtered);
        }
        else
        {
            Forward(port, frame);
        }

        return true;
    }

    private static bool TryWelcome(SwitchPort port)
    {
        uint magic = PortHello.Magic;
        HostSegment segment = new(&magic, sizeof(uint));
        SocketCalls.MessageHeader message = new() { Segments = &segment, SegmentCount = 1 };
        return SocketCalls.sendmsg(port.Socket.Number, &message, SocketCalls.MSG_DONTWAIT | SocketCalls.MSG_NOSIGNAL) == sizeof(uint);
    }

    private void Forward(SwitchPort from, in SwitchFrame frame)
    {
        _addresses.Learn(frame.Vlan, frame.Source, from.Number);
        int number = frame.Destination.IsGroup ? -1 : _addresses.Find(frame.Vlan, frame.Destination);
        if (number == from.Number)
        {
            from.Counters.Dropped(DropReason.Filtered);
            return;
        }

        if (number < 0)
        {
            Flood(from, frame);
            return;
        }

        SwitchPort to = _ports[(ulong)number];
        if (to.Vlans is not { } vlans || !vlans.Carries(frame.Vlan))
        {
            from.Counters.Dropped(DropReason.Filtered);
        }
        else if (to.Waiting.Count != 0 || !TrySend(to, from, frame))
        {
            WaitFor(to, from);
        }
    }

    private void Flood(SwitchPort from, in SwitchFrame frame)
    {
        if (!from.Floods.TryTake())
        {
            from.Counters.Dropped(DropReason.RateLimited);
            return;
        }

        foreach (SwitchPort to in _ports.Values)
        {
            if (to != from && to.Vlans is { } vlans && vlans.Carries(frame.Vlan) && !TrySend(to, from, frame))
            {
                to.Counters.Dropped(DropReason.Congested);
            }
        }
    }

    /// <summary>False when there is no room now.</summary>
    private bool TrySend(SwitchPort to, SwitchPort from, in SwitchFrame frame)
    {
        SocketCalls.MessageHeader message = new()
        {
            Segments = (HostSegment*)Unsafe.AsPointer(ref _parts[0]),
            SegmentCount = (nuint)frame.Parts(from.Buffer, _scratch, to.Vlans!.Untagged, _parts),
        };
        nint sent = SocketCalls.sendmsg(to.Socket.Number, &message, SocketCalls.MSG_DONTWAIT | SocketCalls.MSG_NOSIGNAL);
        if (sent >= 0)
        {
            from.Counters.Sent((int)sent - OffloadHeader.Length);
            to.Counters.Received((int)sent - OffloadHeader.Length);
            to.IsStuck = false;
            return true;
        }

        if (Marshal.GetLastPInvokeError() is Errno.EAGAIN or Errno.ENOBUFS or Errno.ENOMEM)
        {
            return false;
        }

        // It is going: its hang-up comes by itself.
        from.Counters.Dropped(DropReason.LinkDown);
        return true;
    }

    private void WaitFor(SwitchPort to, SwitchPort from)
    {
        if (to.IsStuck)
        {
            from.Counters.Dropped(DropReason.Congested);
            return;
        }

        if (to.Waiting.Count == 0)
        {
            to.WaitingSince = _time.GetTimestamp();
            _stalling.Add(to);
        }

        to.Waiting.Enqueue(from);
        from.WaitsFor = to;
        SetInterest(to);
        SetInterest(from);
    }

    /// <summary>Gives those who wait for a port a frame each, as long as it takes them.</summary>
    private void LetWaitingIn(SwitchPort to)
    {
        while (to.Waiting.TryPeek(out SwitchPort? from))
        {
            if (SwitchFrame.TryMake(FrameOf(from), from.Vlans!, out SwitchFrame frame) && !TrySend(to, from, frame))
            {
                to.WaitingSince = _time.GetTimestamp();
                return;
            }

            Release(to.Waiting.Dequeue());
        }

        StopStalling(to);
    }

    /// <summary>Drops the frames that have waited for too long, and takes their port for stuck.</summary>
    private void GiveUpWaiting()
    {
        for (int i = _stalling.Count - 1; i >= 0; i--)
        {
            SwitchPort to = _stalling[i];
            if (_time.GetElapsedTime(to.WaitingSince).TotalMilliseconds < LongestWait)
            {
                continue;
            }

            to.IsStuck = true;
            while (to.Waiting.TryDequeue(out SwitchPort? from))
            {
                from.Counters.Dropped(DropReason.Congested);
                Release(from);
            }

            StopStalling(to);
        }
    }

    private void Release(SwitchPort from)
    {
        from.WaitsFor = null;
        SetInterest(from);
    }

    private void StopStalling(SwitchPort to)
    {
        _ = _stalling.Remove(to);
        SetInterest(to);
    }

    private void Remove(SwitchPort port)
    {
        _ = _ports.Remove((ulong)port.Number);
        _addresses.Forget(port.Number);
        while (port.Waiting.TryDequeue(out SwitchPort? from))
        {
            from.Counters.Dropped(DropReason.LinkDown);
            Release(from);
        }

        _ = _stalling.Remove(port);
        if (port.WaitsFor is { } to)
        {
            Withdraw(port, to);
        }

        port.Dispose();
    }

    private static void Withdraw(SwitchPort port, SwitchPort to)
    {
        for (int left = to.Waiting.Count; left > 0; left--)
        {
            SwitchPort each = to.Waiting.Dequeue();
            if (each != port)
            {
                to.Waiting.Enqueue(each);
            }
        }
    }

    private void SetInterest(SwitchPort port)
    {
        uint events = (port.WaitsFor is null ? EpollCalls.EPOLLIN : 0) | (port.Waiting.Count != 0 ? EpollCalls.EPOLLOUT : 0);
        Watch(port.Socket.Number, (ulong)port.Number, EpollCalls.EPOLL_CTL_MOD, events);
    }

    private void Watch(int descriptor, ulong token, int operation, uint events)
    {
        EpollCalls.EpollEvent settings = new() { Events = events, Data = token };
        if (EpollCalls.epoll_ctl(_epoll.Number, operation, descriptor, &settings) != 0)
        {
            throw HostException.Last("epoll_ctl on a port of a switch");
        }
    }

    private static ReadOnlySpan<byte> FrameOf(SwitchPort port) =>
        port.Buffer.Span[OffloadHeader.Length..port.Length];
}
