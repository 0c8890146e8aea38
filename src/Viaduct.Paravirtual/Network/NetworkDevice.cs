using System.Numerics;
using System.Runtime.InteropServices;
using Viaduct.Backends.Network;
using Viaduct.Backends.Network.Frames;
using Viaduct.Backends.Network.Offloads;
using Viaduct.Paravirtual.Network.Control;
using Viaduct.Paravirtual.Network.Steering;
using Viaduct.Paravirtual.Queues;
using Viaduct.Platform.Accounting;
using Viaduct.Platform.Host;

namespace Viaduct.Paravirtual.Network;

/// <summary>
/// A virtio network device (virtio 1.2, 5.1): queue pairs with offloads both ways, mergeable buffers, filters, RSS with
/// hash reports, held-back interrupts, and a link that follows the network's.
/// </summary>
public sealed class NetworkDevice : IVirtioDevice
{
    private const int MaximumPairs = 64;
    private const ushort ControlQueueSize = 64;

    private readonly SoftwareOffloads _network;
    private readonly NetworkOptions _options;
    private readonly NetworkSettings _settings;
    private readonly NetworkWork[] _works;
    private readonly ControlWork _control;
    private readonly ushort[] _queueSizes;
    private IVirtioHost? _host;
    private bool _announce;

    /// <param name="options">What is chosen about it.</param>
    /// <param name="network">What its cable is plugged into; the caller disposes it, after this.</param>
    /// <param name="counters">Where frames are counted.</param>
    public NetworkDevice(NetworkOptions options, SoftwareOffloads network, DeviceCounters counters)
        : this(options, network, counters, threads: true)
    {
    }

    /// <param name="options">What is chosen about it.</param>
    /// <param name="network">What its cable is plugged into.</param>
    /// <param name="counters">Where frames are counted.</param>
    /// <param name="threads">False: the works run when a test says so.</param>
    internal NetworkDevice(NetworkOptions options, SoftwareOffloads network, DeviceCounters counters, bool threads)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.QueuePairs, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.QueuePairs, MaximumPairs, nameof(options));
        if (!BitOperations.IsPow2(options.QueueSize) || options.QueueSize is < 16 or > 1024)
        {
            throw new ArgumentOutOfRangeException(nameof(options), options.QueueSize, "A queue has 16 to 1024 descriptors, a power of two");
        }

        _options = options;
        _network = network;
        _settings = new NetworkSettings(new ReceiveFilter { Mac = options.Mac });
        _queueSizes = new ushort[(2 * options.QueuePairs) + 1];
        _queueSizes.AsSpan(..^1).Fill(options.QueueSize);
        _queueSizes[^1] = ControlQueueSize;
        _works = new NetworkWork[Math.Min(options.QueuePairs, network.MaximumQueues)];
        for (int i = 0; i < _works.Length; i++)
        {
            int pairs = (options.QueuePairs - i + _works.Length - 1) / _works.Length;
            _works[i] = new NetworkWork(network.OpenQueue(), _settings, counters, i, pairs);
        }

        _control = new ControlWork(new ControlCommands(this, _settings), counters);
        for (int i = 0; i < _works.Length; i++)
        {
            _works[i].Join(_works);
        }

        for (int i = 0; threads && i < _works.Length; i++)
        {
            _works[i].Run($"io-{Name}-{i}", counters);
        }

        if (threads)
        {
            _control.Run($"io-{Name}-ctl", counters);
        }

        network.LinkChanged += OnLinkChanged;
    }

    /// <inheritdoc/>
    public string Name => _options.Name;

    /// <inheritdoc/>
    public DeviceType Type => DeviceType.Network;

    /// <inheritdoc/>
    public ulong Features
    {
        get
        {
            ulong features = NetworkFeature.Checksum | NetworkFeature.GuestChecksum | NetworkFeature.ControlGuestOffloads | NetworkFeature.Mac
                | NetworkFeature.GuestTso4 | NetworkFeature.GuestTso6 | NetworkFeature.GuestEcn | NetworkFeature.GuestUso4 | NetworkFeature.GuestUso6
                | NetworkFeature.HostTso4 | NetworkFeature.HostTso6 | NetworkFeature.HostEcn | NetworkFeature.HostUso
                | NetworkFeature.MergeableBuffers | NetworkFeature.Status | NetworkFeature.SpeedDuplex
                | NetworkFeature.ControlQueue | NetworkFeature.ControlReceive | NetworkFeature.ControlReceiveExtra | NetworkFeature.ControlVlan
                | NetworkFeature.ControlMac | NetworkFeature.GuestAnnounce | NetworkFeature.Coalescing | NetworkFeature.QueueCoalescing
                | NetworkFeature.HashReport;
            if (QueuePairs > 1)
            {
                features |= NetworkFeature.MultiQueue | NetworkFeature.Rss;
            }

            return Mtu is null ? features : features | NetworkFeature.Mtu;
        }
    }

    /// <inheritdoc/>
    public ReadOnlySpan<ushort> QueueSizes => _queueSizes;

    /// <inheritdoc/>
    public int ConfigLength => NetworkConfig.Length;

    /// <summary>Queue pairs that it has.</summary>
    internal int QueuePairs => _options.QueuePairs;

    /// <summary>The works, for tests that run them by hand.</summary>
    internal ReadOnlySpan<NetworkWork> Works => _works;

    /// <summary>The control queue's.</summary>
    internal ControlWork Control => _control;

    private int? Mtu => _options.Mtu ?? _network.Mtu;

    // Where neither is agreed on there is one pair, and the control queue is behind that (5.1.2).
    private int ControlIndex => _settings.Has(NetworkFeature.MultiQueue | NetworkFeature.Rss) ? 2 * QueuePairs : 2;

    /// <inheritdoc/>
    public void Attach(IVirtioHost host) => _host = host;

    /// <inheritdoc/>
    public void ReadConfig(Span<byte> config)
    {
        bool up = _network.LinkUp;
        NetworkConfig values = new()
        {
            Status = (ushort)((up ? NetworkConfig.LinkUp : 0) | (Volatile.Read(ref _announce) ? NetworkConfig.Announce : 0)),
            MaximumPairs = (ushort)QueuePairs,
            Mtu = (ushort)Math.Min(Mtu ?? 0, ushort.MaxValue),
            Speed = _options.Speed,
            Duplex = NetworkConfig.FullDuplex,
            RssMaximumKey = ToeplitzHash.KeyLength,
            RssMaximumTable = FrameSteering.MaximumTable,
            HashTypes = (uint)HashType.Supported,
        };
        _settings.Filter.Mac.Write(values.Mac);
        MemoryMarshal.Write(config, values);
    }

    /// <inheritdoc/>
    public void WriteConfig(int offset, ReadOnlySpan<byte> bytes)
    {
    }

    /// <inheritdoc/>
    public void SetFeatures(ulong features)
    {
        _settings.Features = features;
        _settings.Steering = FrameSteering.Single;
        _settings.Filter = new ReceiveFilter
        {
            Mac = _options.Mac,
            VlanBits = (features & NetworkFeature.ControlVlan) != 0 ? ReceiveFilter.NoVlans : null,
        };
        AcceptOffloads(features & NetworkFeature.GuestOffloads);
    }

    /// <inheritdoc/>
    public void StartQueue(int index, VirtQueue queue)
    {
        if (index == ControlIndex)
        {
            _control.Start(0, queue);
        }
        else if (index < 2 * QueuePairs)
        {
            WorkOf(index, out int slot).Start(slot, queue);
        }
    }

    /// <inheritdoc/>
    public void Notify(int index)
    {
        if (index == ControlIndex)
        {
            _control.Wake();
        }
        else if (index < 2 * QueuePairs)
        {
            WorkOf(index, out _).Wake();
        }
    }

    /// <inheritdoc/>
    public EventFd? BellOf(int index) =>
        index == ControlIndex ? _control.Bell
        : index < 2 * QueuePairs ? WorkOf(index, out _).Bell
        : null;

    /// <inheritdoc/>
    public QueueState StopQueue(int index) =>
        index == ControlIndex ? _control.Stop(0)
        : index < 2 * QueuePairs ? WorkOf(index, out int slot).Stop(slot)
        : default;

    /// <inheritdoc/>
    public void Reset()
    {
        Volatile.Write(ref _announce, false);
        for (int queue = 0; queue < 2 * QueuePairs; queue++)
        {
            DelayOf(queue).Limits = default;
        }

        SetFeatures(0);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _network.LinkChanged -= OnLinkChanged;
        _control.Dispose();
        foreach (NetworkWork work in _works)
        {
            work.Dispose();
        }
    }

    /// <summary>The driver sets its address.</summary>
    internal void SetMac(MacAddress address)
    {
        _settings.Filter = _settings.Filter with { Mac = address };
        _host?.ConfigChanged();
    }

    /// <summary>The driver says which of the offloads agreed on it takes now.</summary>
    internal void AcceptOffloads(ulong features)
    {
        NetworkOffloads accepted = NetworkOffloads.None;
        accepted |= (features & NetworkFeature.GuestChecksum) != 0 ? NetworkOffloads.Checksum : 0;
        accepted |= (features & NetworkFeature.GuestTso4) != 0 ? NetworkOffloads.Tso4 : 0;
        accepted |= (features & NetworkFeature.GuestTso6) != 0 ? NetworkOffloads.Tso6 : 0;
        accepted |= (features & NetworkFeature.GuestEcn) != 0 ? NetworkOffloads.TsoEcn : 0;
        accepted |= (features & NetworkFeature.GuestUso4) != 0 ? NetworkOffloads.Uso4 : 0;
        accepted |= (features & NetworkFeature.GuestUso6) != 0 ? NetworkOffloads.Uso6 : 0;
        _network.AcceptOffloads(accepted);
    }

    /// <summary>The driver has announced its station, as it was asked to.</summary>
    internal bool Announced()
    {
        Volatile.Write(ref _announce, false);
        _host?.ConfigChanged();
        return true;
    }

    /// <summary>How a queue's interrupts are held back.</summary>
    internal InterruptDelay DelayOf(int queue) => WorkOf(queue, out int slot).DelayOf(slot);

    private void OnLinkChanged()
    {
        // What is behind the cable may be new, and not know where its stations are.
        Volatile.Write(ref _announce, _network.LinkUp && _settings.Has(NetworkFeature.GuestAnnounce));
        _host?.ConfigChanged();
    }

    private NetworkWork WorkOf(int queue, out int slot)
    {
        int pair = queue / 2;
        slot = (2 * (pair / _works.Length)) + (queue % 2);
        return _works[pair % _works.Length];
    }
}
