using System.Runtime.InteropServices;
using Viaduct.Backends.Interop;
using Viaduct.Platform.Accounting;
using Viaduct.Platform.Dma;
using Viaduct.Platform.Host;

namespace Viaduct.Backends.Network.Switch;

/// <summary>
/// A port of a switch that guests share, of this process and of others of the same user. The first to come runs the
/// switch; when its process ends, the link of the others goes down for a moment, and one of them runs it.
/// </summary>
public sealed unsafe class SwitchBackend : INetworkBackend
{
    private static readonly TimeSpan _pause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(2);

    private readonly Lock _lock = new();
    private readonly IEventLog _log;
    private readonly SwitchMeetingPlace _place;
    private readonly VlanMembership _vlans;
    private readonly EventFd _stop = new();
    private readonly Thread _thread;
    private SwitchHost? _host;
    private SwitchQueue? _queue;
    private OwnedDescriptor? _socket;
    private bool _disposed;

    private SwitchBackend(SwitchOptions options)
    {
        Name = $"switch:{options.Switch}";
        _log = options.Log;
        _vlans = options.Vlans;
        _place = SwitchMeetingPlace.Open(options);
        _thread = new Thread(Keep) { Name = $"port-{options.Switch}", IsBackground = true };
        _thread.UnsafeStart();
    }

    /// <inheritdoc/>
    public event Action? LinkChanged;

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public int MaximumQueues => 1;

    /// <inheritdoc/>
    public NetworkOffloads Offloads => NetworkOffloads.All;

    /// <inheritdoc/>
    public int? Mtu => null;

    /// <inheritdoc/>
    public bool LinkUp => Socket is not null;

    /// <summary>The connection that stands now; null while there is none. Closed by this.</summary>
    internal OwnedDescriptor? Socket => Volatile.Read(ref _socket);

    /// <summary>Plugs a cable into a switch. The link comes up once somebody runs it, at the latest this process.</summary>
    /// <exception cref="NetworkOpenException">The name is none, or there is no folder to meet in.</exception>
    public static SwitchBackend Open(SwitchOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return new SwitchBackend(options);
    }

    /// <inheritdoc/>
    public INetworkQueue OpenQueue()
    {
        lock (_lock)
        {
            return _queue is null ? _queue = new SwitchQueue(this) : throw new InvalidOperationException($"{Name} has one queue a port");
        }
    }

    /// <inheritdoc/>
    public void AcceptOffloads(NetworkOffloads accepted)
    {
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        _stop.Signal();

        // It may be waiting for a process that holds the lock and doesn't move; then it ends itself when that does.
        if (_thread.Join(_patience))
        {
            _stop.Dispose();
        }
    }

    /// <summary>The queue is closed.</summary>
    internal void Closed()
    {
        lock (_lock)
        {
            _queue = null;
        }
    }

    private void Keep()
    {
        bool stopped = false;
        while (!stopped)
        {
            try
            {
                OwnedDescriptor socket = _place.Join(out _host);
                stopped = TryGreet(socket) && Serve(socket);
                socket.Dispose();
            }
            catch (HostException problem)
            {
                _log.Warn(Name, $"no connection: {problem.Message}; tried again in a second");
                stopped = _stop.Wait((long)_pause.TotalNanoseconds);
            }
            finally
            {
                _host?.Dispose();
                _host = null;
            }
        }
    }

    private bool TryGreet(OwnedDescriptor socket)
    {
        PortHello hello = new(_vlans);
        HostSegment segment = new(&hello, PortHello.Length);
        SocketCalls.MessageHeader message = new() { Segments = &segment, SegmentCount = 1 };
        return SocketCalls.sendmsg(socket.Number, &message, SocketCalls.MSG_NOSIGNAL) == PortHello.Length;
    }

    /// <summary>The link is up from the switch's answer to its end. True when it is this that ends.</summary>
    private bool Serve(OwnedDescriptor socket)
    {
        if (WaitFor(socket, PollCalls.POLLIN))
        {
            return true;
        }

        uint answer;
        if (SocketCalls.recv(socket.Number, &answer, sizeof(uint), SocketCalls.MSG_DONTWAIT) != sizeof(uint) || answer != PortHello.Magic)
        {
            _log.Warn(Name, "the switch refused the connection: it has no port left, or is of another version; tried again in a second");
            return _stop.Wait((long)_pause.TotalNanoseconds);
        }

        SetLink(socket);
        bool stopped = WaitFor(socket, events: 0);
        SetLink(null);
        return stopped;
    }

    /// <summary>Waits until the socket has something, or its other end is gone. True when this is to end.</summary>
    private bool WaitFor(OwnedDescriptor socket, short events)
    {
        PollCalls.PollFd* fds = stackalloc PollCalls.PollFd[2];
        while (true)
        {
            fds[0] = new PollCalls.PollFd { Fd = _stop.Descriptor, Events = PollCalls.POLLIN };
            fds[1] = new PollCalls.PollFd { Fd = socket.Number, Events = events };
            if (PollCalls.ppoll(fds, 2, null, null) < 0)
            {
                if (Marshal.GetLastPInvokeError() != Errno.EINTR)
                {
                    throw HostException.Last("ppoll on a port");
                }
            }
            else if (fds[0].Returned != 0 || fds[1].Returned != 0)
            {
                return fds[0].Returned != 0;
            }
        }
    }

    private void SetLink(OwnedDescriptor? socket)
    {
        SwitchQueue? queue;
        lock (_lock)
        {
            Volatile.Write(ref _socket, socket);
            queue = _queue;
        }

        queue?.Wake();
        LinkChanged?.Invoke();
    }
}
