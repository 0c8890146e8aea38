using Viaduct.Backends.Interop;
using Viaduct.Platform.Accounting;

namespace Viaduct.Backends.Network.Tap;

/// <summary>
/// A tap: an interface of the host's kernel whose other end is the guest's card. With the kernel's offload header, so
/// that large segments and missing checksums pass as they are, and with several queues where the interface has them.
/// </summary>
public sealed unsafe class TapBackend : INetworkBackend
{
    /// <summary>The most queues that one can be given.</summary>
    public const int MaximumTapQueues = 64;

    private readonly Lock _lock = new();
    private readonly IEventLog _log;
    private readonly string _interface;
    private readonly short _flags;
    private readonly OwnedDescriptor _control;
    private readonly LinkWatch _watch;
    private readonly List<OwnedDescriptor> _unused = [];
    private readonly uint _unsupported;
    private int _open;
    private bool _linkUp;
    private bool _gone;

    private TapBackend(TapOptions options, short flags, OwnedDescriptor first)
    {
        _log = options.Log;
        _interface = options.Interface;
        _flags = flags;
        _control = first;
        _unused.Add(first);
        MaximumQueues = (flags & TapCalls.IFF_MULTI_QUEUE) != 0 ? options.Queues : 1;

        // Kernels before 6.2 don't cut datagrams.
        _unsupported = TrySetOffloads(first, NetworkOffloads.All) ? 0 : TapCalls.TUN_F_USO4 | TapCalls.TUN_F_USO6;
        AcceptOffloads(NetworkOffloads.None);
        Mtu = ReadMtu(_interface);
        _watch = new LinkWatch(_interface);
        _linkUp = _watch.IsUp;
        _watch.Changed += OnLinkChanged;
        _watch.Start();
    }

    /// <inheritdoc/>
    public event Action? LinkChanged;

    /// <inheritdoc/>
    public string Name => $"tap:{_interface}";

    /// <inheritdoc/>
    public int MaximumQueues { get; }

    /// <inheritdoc/>
    public NetworkOffloads Offloads => _unsupported == 0 ? NetworkOffloads.All : NetworkOffloads.All & ~(NetworkOffloads.Uso4 | NetworkOffloads.Uso6);

    /// <inheritdoc/>
    public int? Mtu { get; }

    /// <inheritdoc/>
    public bool LinkUp => Volatile.Read(ref _linkUp);

    /// <summary>What was asked for and the host doesn't give, a sentence each; for the user.</summary>
    public IReadOnlyList<string> Notes { get; private init; } = [];

    /// <summary>Takes the interface, or makes it.</summary>
    /// <exception cref="NetworkOpenException">The name is none, the interface is something else or in use, or the host forbids it.</exception>
    public static TapBackend Open(TapOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Queues, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.Queues, MaximumTapQueues, nameof(options));
        string network = $"tap:{options.Interface}";
        if (!TapInterface.IsName(options.Interface))
        {
            throw new NetworkOpenException(network, "an interface's name has 1 to 15 characters, no '/', no ':' and no space");
        }

        bool existed = TapInterface.TryGetFlags(options.Interface, out int? existing);
        if (existed && existing is null)
        {
            throw new NetworkOpenException(network, $"{options.Interface} is no tap; name another, which is made, and connect the two by a bridge");
        }

        bool several = existing is { } flags ? (flags & TapCalls.IFF_MULTI_QUEUE) != 0 : options.Queues > 1;
        short wanted = (short)(TapCalls.IFF_TAP | TapCalls.IFF_NO_PI | TapCalls.IFF_VNET_HDR | (several ? TapCalls.IFF_MULTI_QUEUE : 0));
        OwnedDescriptor first = TapInterface.Attach(network, options.Interface, wanted);
        List<string> notes = [];
        if (!several && options.Queues > 1)
        {
            notes.Add($"network '{network}' has one queue, not {options.Queues}, because the interface was made without multi_queue");
        }

        if (!TapInterface.TrySetUp(options.Interface))
        {
            notes.Add($"network '{network}' is down, and we may not set it up; do so with: ip link set {options.Interface} up");
        }

        return new TapBackend(options, wanted, first) { Notes = notes };
    }

    /// <inheritdoc/>
    public INetworkQueue OpenQueue()
    {
        lock (_lock)
        {
            if (_open == MaximumQueues)
            {
                throw new InvalidOperationException($"{Name} has {MaximumQueues} queues");
            }

            _open++;
            if (_unused.Count == 0)
            {
                return new TapQueue(this, TapInterface.Attach(Name, _interface, _flags), owns: true);
            }

            OwnedDescriptor descriptor = _unused[^1];
            _unused.RemoveAt(_unused.Count - 1);
            return new TapQueue(this, descriptor, owns: false);
        }
    }

    /// <inheritdoc/>
    public void AcceptOffloads(NetworkOffloads accepted) => TrySetOffloads(_control, accepted);

    /// <inheritdoc/>
    public void Dispose()
    {
        _watch.Changed -= OnLinkChanged;
        _watch.Dispose();
        _control.Dispose();
    }

    /// <summary>A queue found the interface gone. Any thread.</summary>
    internal void Lost()
    {
        lock (_lock)
        {
            if (_gone)
            {
                return;
            }

            _gone = true;
            Volatile.Write(ref _linkUp, false);
        }

        _log.Warn(Name, "the interface is gone; the link stays down until the guest is started again");
        LinkChanged?.Invoke();
    }

    /// <summary>A queue is closed.</summary>
    internal void Closed(OwnedDescriptor descriptor, bool owns)
    {
        lock (_lock)
        {
            _open--;
            if (!owns)
            {
                _unused.Add(descriptor);
            }
        }
    }

    private static int? ReadMtu(string name)
    {
        string file = $"/sys/class/net/{name}/mtu";
        return File.Exists(file) && int.TryParse(File.ReadAllText(file), out int mtu) ? mtu : null;
    }

    private bool TrySetOffloads(OwnedDescriptor descriptor, NetworkOffloads accepted)
    {
        uint flags = 0;
        if ((accepted & NetworkOffloads.Checksum) != 0)
        {
            flags |= TapCalls.TUN_F_CSUM;
            flags |= (accepted & NetworkOffloads.Tso4) != 0 ? TapCalls.TUN_F_TSO4 : 0;
            flags |= (accepted & NetworkOffloads.Tso6) != 0 ? TapCalls.TUN_F_TSO6 : 0;
            bool tso = (accepted & (NetworkOffloads.Tso4 | NetworkOffloads.Tso6)) != 0;
            flags |= tso && (accepted & NetworkOffloads.TsoEcn) != 0 ? TapCalls.TUN_F_TSO_ECN : 0;

            // The kernel wants both or neither.
            const NetworkOffloads Uso = NetworkOffloads.Uso4 | NetworkOffloads.Uso6;
            flags |= (accepted & Uso) == Uso ? (TapCalls.TUN_F_USO4 | TapCalls.TUN_F_USO6) & ~_unsupported : 0;
        }

        return FileCalls.ioctl(descriptor.Number, TapCalls.TUNSETOFFLOAD, (void*)flags) == 0;
    }

    private void OnLinkChanged(bool up)
    {
        lock (_lock)
        {
            if (_gone || up == _linkUp)
            {
                return;
            }

            Volatile.Write(ref _linkUp, up);
        }

        LinkChanged?.Invoke();
    }
}
