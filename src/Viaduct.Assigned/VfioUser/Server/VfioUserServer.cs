using System.Text;
using Viaduct.Assigned.VfioUser.Protocol;
using Viaduct.Platform.Accounting;
using Viaduct.Platform.Host;
using Viaduct.Platform.Pci;

namespace Viaduct.Assigned.VfioUser.Server;

/// <summary>
/// Serves a function on a UNIX socket, as vfio-user has it, to one client at a time; a second is told who has it. When a
/// client goes, however it goes, the function is reset and loses its memory, and the next may come.
/// </summary>
public sealed class VfioUserServer : IDisposable
{
    private const int MaxGreeting = 16;

    /// <summary>QEMU takes no larger number.</summary>
    private const int MaxDescriptors = 16;

    private static readonly TimeSpan _greetingLimit = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan _releaseLimit = TimeSpan.FromSeconds(5);

    private readonly object _gate = new();
    private readonly PciFunction _function;
    private readonly ServedMemory _memory;
    private readonly ServedRegions _regions;
    private readonly ServedInterrupts _interrupts;
    private readonly ClientPace _pace = new(TimeProvider.System);
    private readonly IEventLog _log;
    private readonly bool _isShared;
    private readonly Func<string>? _remedy;
    private readonly ServerSocket _socket;
    private readonly Thread _acceptor;
    private readonly Thread _server;
    private readonly HashSet<MessageSocket> _greeting = [];
    private ClientSession? _session;
    private bool _waitsForRun;
    private bool _stopping;

    /// <summary>Begins to serve.</summary>
    /// <param name="path">The socket's file; one that a server of before left is replaced.</param>
    /// <param name="function">The function, which is in no topology. It stays the caller's, who disposes its device after this.</param>
    /// <param name="memory">What gave the function its <see cref="ServedMemory.NewTarget"/>.</param>
    /// <param name="log">Where it says who came and went, and what was wrong.</param>
    /// <param name="isShared">Whether it is a virtual function.</param>
    /// <param name="remedy">What who is refused could do instead, for people; asked on any thread, under the server's lock.</param>
    /// <exception cref="HostException">The socket can't be made, or has a server already.</exception>
    public VfioUserServer(string path, PciFunction function, ServedMemory memory, IEventLog log, bool isShared = false, Func<string>? remedy = null)
    {
        Path = path;
        _function = function;
        _memory = memory;
        _log = log;
        _isShared = isShared;
        _remedy = remedy;
        _regions = new ServedRegions(function);
        _interrupts = new ServedInterrupts(function);
        _socket = ServerSocket.Listen(path);
        function.TakeInterrupts(_interrupts);
        _acceptor = new Thread(Accept) { Name = $"accept-{function.Name}", IsBackground = true };
        _server = new Thread(Serve) { Name = $"serve-{function.Name}", IsBackground = true };
        _server.UnsafeStart();
        _acceptor.UnsafeStart();
    }

    /// <summary>Told after a client got the function or was rid of it; on a thread of the server's, which waits.</summary>
    public event Action? HolderChanged;

    /// <summary>The socket's file.</summary>
    public string Path { get; }

    /// <summary>The function.</summary>
    public PciFunction Function => _function;

    /// <summary>Who has the function; null when nobody does.</summary>
    public DeviceHolder? Holder
    {
        get
        {
            lock (_gate)
            {
                return _session is { IsOver: false } ? _session.Holder : null;
            }
        }
    }

    /// <summary>Takes the function from its client; the next may come.</summary>
    public void Disconnect()
    {
        lock (_gate)
        {
            _session?.Stop();
        }
    }

    /// <summary>Takes the function from its client, ends and removes the socket.</summary>
    public void Dispose()
    {
        if (TryStop(evenIfHeld: true))
        {
            End();
        }
    }

    /// <summary>As <see cref="Dispose"/>, but only while no client has the function.</summary>
    /// <returns>False when one has.</returns>
    public bool TryDispose()
    {
        if (!TryStop(evenIfHeld: false))
        {
            return false;
        }

        End();
        return true;
    }

    private bool TryStop(bool evenIfHeld)
    {
        lock (_gate)
        {
            if (_stopping || (!evenIfHeld && _session is { IsOver: false }))
            {
                return false;
            }

            _stopping = true;
            _session?.Stop();
            foreach (MessageSocket socket in _greeting)
            {
                socket.Shutdown();
            }

            Monitor.PulseAll(_gate);
            return true;
        }
    }

    private void End()
    {
        _socket.Close();
        _acceptor.Join();
        _server.Join();
        lock (_gate)
        {
            while (_greeting.Count != 0)
            {
                Monitor.Wait(_gate);
            }
        }

        _socket.Dispose();
        _function.TakeInterrupts(null);
    }

    private void Accept()
    {
        while (_socket.Accept() is { } client)
        {
            bool greets;
            lock (_gate)
            {
                greets = !_stopping && _greeting.Count < MaxGreeting && _greeting.Add(client);
            }

            if (greets)
            {
                new Thread(() => Greet(client)) { Name = $"greet-{_function.Name}", IsBackground = true }.UnsafeStart();
            }
            else
            {
                client.Dispose();
            }
        }
    }

    // A client that says nothing, or nothing that makes sense, gets no further than this.
    private void Greet(MessageSocket client)
    {
        using ReceivedMessage message = new();
        client.LimitReceiving(_greetingLimit);
        bool taken = client.TryReceive(message) && Answer(client, message);
        lock (_gate)
        {
            _ = _greeting.Remove(client);
            Monitor.PulseAll(_gate);
        }

        if (!taken)
        {
            client.Shutdown();
            client.Dispose();
        }
    }

    private bool Answer(MessageSocket client, ReceivedMessage message)
    {
        MessageHeader header = message.Header;
        if (header.Command != VfioUserCommand.Version || !header.WantsReply || VersionOffer.Parse(message.Body) is not { } offer)
        {
            ClientSession.Refuse(client, in header, Errno.Invalid);
            return false;
        }

        DeviceHolder holder = DeviceHolder.Of(client.PeerProcess, offer.Holder, TimeProvider.System.GetUtcNow());
        if (!TryTake(client, offer, holder, out ClientSession session, out string reason))
        {
            ClientSession.Refuse(client, in header, Errno.Busy, offer.IsViaduct ? Encoding.UTF8.GetBytes(reason) : default);
            _log.Warn(_function.Name, $"{holder.Name} (pid {holder.Process}) was refused: {reason}");
            return false;
        }

        VersionOffer own = new()
        {
            SpokenMinor = offer.SpokenMinor,
            MaxDescriptors = MaxDescriptors,
            MaxTransfer = 1 << 20,
            MaxMaps = ServedMemory.MaxMaps,
            WritesMultiple = true,
            IsViaduct = offer.IsViaduct,
            IsShared = _isShared,
            HasCodeMap = offer.HasCodeMap,
        };
        client.LimitReceiving(TimeSpan.Zero);
        MessageHeader reply = new() { Id = header.Id, Command = VfioUserCommand.Version, Flags = MessageFlags.Reply };
        if (!client.TrySend(reply, own.Format()))
        {
            session.Stop();
        }

        lock (_gate)
        {
            _waitsForRun = true;
            Monitor.PulseAll(_gate);
        }

        return true;
    }

    private bool TryTake(MessageSocket client, VersionOffer offer, DeviceHolder holder, out ClientSession session, out string reason)
    {
        session = null!;
        long deadline = Environment.TickCount64 + (long)_releaseLimit.TotalMilliseconds;
        lock (_gate)
        {
            // One that has gone is about to be cleared away.
            while (!_stopping && _session is { IsOver: true } && Environment.TickCount64 < deadline)
            {
                _ = Monitor.Wait(_gate, (int)Math.Max(1, deadline - Environment.TickCount64));
            }

            if (_stopping || _session is not null)
            {
                reason = _stopping ? "the server ends" : $"{_function.Name} is held by {_session!.Holder}; a device goes to one guest at a time: {_remedy?.Invoke() ?? "end that guest, or share the device by virtual functions"}";
                return false;
            }

            reason = string.Empty;
            session = _session = new ClientSession(client, offer, holder, _function, _memory, _regions, _interrupts, _pace, _log);
            return true;
        }
    }

    private void Serve()
    {
        _function.Counters.AddCurrentThread();
        while (TryAwaitSession(out ClientSession session))
        {
            KeepPace();
            HolderChanged?.Invoke();
            session.Run();
            session.Dispose();
            lock (_gate)
            {
                _session = null;
                Monitor.PulseAll(_gate);
            }

            HolderChanged?.Invoke();
        }

        _function.Counters.RemoveCurrentThread();
    }

    private void KeepPace()
    {
        TimeSpan pause = _pace.Spend(ClientPace.Reset);
        lock (_gate)
        {
            if (pause > TimeSpan.Zero && !_stopping)
            {
                // Also over when a client is refused; it is no matter of milliseconds.
                _ = Monitor.Wait(_gate, pause);
            }
        }
    }

    private bool TryAwaitSession(out ClientSession session)
    {
        lock (_gate)
        {
            // A session that was taken is run in any case, for that is what gives the function back.
            while (!_waitsForRun && !(_stopping && _session is null))
            {
                Monitor.Wait(_gate);
            }

            session = _session!;
            bool waits = _waitsForRun;
            _waitsForRun = false;
            return waits;
        }
    }
}
