using Viaduct.Backends.Interop;
using Viaduct.Platform.Accounting;
using Viaduct.Platform.Host;

namespace Viaduct.Backends.Network.Passt;

/// <summary>
/// A network of the user's own by the program passt: the guest gets an address by DHCP, names by DNS, and its
/// connections are made by passt as any program would make them, with no privileges. One passt a network, started and
/// watched here: when it ends, the link goes down, it is started again, and the link comes up.
/// </summary>
public sealed class PasstBackend : INetworkBackend
{
    private static readonly TimeSpan _firstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan _longestPause = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private readonly ManualResetEventSlim _stop = new();
    private readonly IEventLog _log;
    private readonly string _program;
    private readonly string[] _arguments;
    private readonly Thread _thread;
    private PasstProcess _process;
    private OwnedDescriptor? _socket;
    private PasstQueue? _queue;
    private bool _linkUp = true;

    private PasstBackend(PasstOptions options, string program)
    {
        Name = options.Name;
        _log = options.Log;
        _program = program;
        _arguments =
        [
            "--foreground", "--quiet", "--stderr",
            .. options.TcpPorts is { } tcp ? (string[])["--tcp-ports", tcp] : [],
            .. options.UdpPorts is { } udp ? (string[])["--udp-ports", udp] : [],
        ];
        _process = PasstProcess.Start(_program, _arguments);
        _thread = new Thread(Watch) { Name = "passt", IsBackground = true };
        _thread.UnsafeStart();
    }

    /// <inheritdoc/>
    public event Action? LinkChanged;

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public int MaximumQueues => 1;

    /// <inheritdoc/>
    public NetworkOffloads Offloads => NetworkOffloads.None;

    /// <inheritdoc/>
    public int? Mtu => null;

    /// <inheritdoc/>
    public bool LinkUp => Volatile.Read(ref _linkUp);

    /// <summary>The stream that stands now; null while there is none.</summary>
    internal OwnedDescriptor? Socket
    {
        get => Volatile.Read(ref _socket);
        private set => Volatile.Write(ref _socket, value);
    }

    /// <summary>Starts passt.</summary>
    /// <exception cref="NetworkOpenException">There is no such program, or the host doesn't let it start.</exception>
    public static PasstBackend Open(PasstOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        string program = Find(options.Program)
            ?? throw new NetworkOpenException(options.Name, $"there is no program '{options.Program}'; install it with: apt-get install passt");
        try
        {
            PasstBackend backend = new(options, program);
            backend.Socket = backend._process.Socket;
            return backend;
        }
        catch (HostException problem)
        {
            throw new NetworkOpenException(options.Name, problem.Message);
        }
    }

    /// <inheritdoc/>
    public INetworkQueue OpenQueue()
    {
        lock (_lock)
        {
            return _queue is null ? _queue = new PasstQueue(this) : throw new InvalidOperationException($"{Name} has one queue");
        }
    }

    /// <inheritdoc/>
    public void AcceptOffloads(NetworkOffloads accepted)
    {
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _stop.Set();
        lock (_lock)
        {
            _process.Kill();
        }

        _thread.Join();
        _process.Socket.Dispose();
        _stop.Dispose();
    }

    /// <summary>The stream can't be gone on with: it ended, or what came is no frame. Worker's thread.</summary>
    /// <param name="socket">The stream.</param>
    /// <param name="reason">What came, where it didn't simply end.</param>
    internal void Broken(OwnedDescriptor socket, string? reason)
    {
        lock (_lock)
        {
            if (Socket != socket)
            {
                return;
            }

            _process.Kill();
        }

        if (reason is not null)
        {
            _log.Warn(Name, $"{reason}; passt is ended and started again");
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

    private static string? Find(string program) => program.Contains('/', StringComparison.Ordinal)
        ? (File.Exists(program) ? program : null)
        : (Environment.GetEnvironmentVariable("PATH") ?? "/usr/bin").Split(':')
            .Select(folder => Path.Combine(folder, program))
            .FirstOrDefault(File.Exists);

    private void Watch()
    {
        TimeSpan pause = TimeSpan.Zero;
        while (true)
        {
            long began = Environment.TickCount64;
            int status = _process.Follow(Hear);
            if (_stop.IsSet)
            {
                return;
            }

            SetLink(null);
            _process.Socket.Dispose();
            _log.Warn(Name, $"passt ended ({Describe(status)}); the link is down until it is started again");

            // One that lasts is started again at once, one that doesn't at a pace.
            pause = TimeSpan.FromMilliseconds(Environment.TickCount64 - began) > _longestPause ? TimeSpan.Zero : Longer(pause);
            do
            {
                if (_stop.Wait(pause))
                {
                    return;
                }

                pause = Longer(pause);
            }
            while (!TryRestart());
        }
    }

    private void Hear(string line)
    {
        // It writes to the system's log as well, and where there is none says so each time.
        if (!(line.StartsWith("Failed to send ", StringComparison.Ordinal) && line.EndsWith(" to syslog", StringComparison.Ordinal)))
        {
            _log.Warn(Name, line);
        }
    }

    private bool TryRestart()
    {
        try
        {
            PasstProcess next = PasstProcess.Start(_program, _arguments);
            lock (_lock)
            {
                _process = next;
                if (_stop.IsSet)
                {
                    next.Kill();
                }
            }

            SetLink(next.Socket);
            return true;
        }
        catch (HostException problem)
        {
            _log.Warn(Name, problem.Message);
            return false;
        }
    }

    private void SetLink(OwnedDescriptor? socket)
    {
        PasstQueue? queue;
        lock (_lock)
        {
            Socket = socket;
            Volatile.Write(ref _linkUp, socket is not null);
            queue = _queue;
        }

        queue?.Wake();
        LinkChanged?.Invoke();
    }

    private static TimeSpan Longer(TimeSpan pause) =>
        pause == TimeSpan.Zero ? _firstPause : pause * 2 < _longestPause ? pause * 2 : _longestPause;

    private static string Describe(int status) => (status & 0x7F) == 0 ? $"status {status >> 8}" : $"signal {status & 0x7F}";
}
