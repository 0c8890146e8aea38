using Viaduct.Paravirtual.Queues;
using Viaduct.Platform.Accounting;
using Viaduct.Platform.Dma;

namespace Viaduct.Paravirtual.Transports;

/// <summary>
/// A device and its driver from reset to reset (virtio 1.2, 3.1): status, negotiation, and the queues' coming and
/// going; what every transport has in common and none of their registers.
/// </summary>
/// <remarks>
/// One lock orders what the driver does. It is held while a queue is stopped, which waits for the back-end but for no
/// vCPU; the device's threads never take it.
/// </remarks>
internal sealed class DeviceSession : IVirtioHost
{
    private readonly Lock _lock = new();
    private readonly IVirtioDevice _device;
    private readonly ITransportSignals _signals;
    private readonly DmaTarget _dma;
    private readonly DeviceCounters _counters;
    private readonly IEventLog _log;
    private readonly QueueSetup[] _queues;
    private ulong _driverFeatures;
    private RingFeatures _ringFeatures;
    private int _status;

    internal DeviceSession(IVirtioDevice device, ulong ringFeatures, ITransportSignals signals, DmaTarget dma, DeviceCounters counters, IEventLog log)
    {
        _device = device;
        _signals = signals;
        _dma = dma;
        _counters = counters;
        _log = log;
        Offered = (device.Features & ~VirtioFeature.NotDeviceSpecific) | (ringFeatures & VirtioFeature.NotDeviceSpecific) | VirtioFeature.Version1;
        _queues = new QueueSetup[device.QueueSizes.Length];
        for (int i = 0; i < _queues.Length; i++)
        {
            _queues[i] = new QueueSetup(device.QueueSizes[i]);
        }

        Config = new ConfigImage(device);
        device.Attach(this);
    }

    /// <summary>What the device offers.</summary>
    internal ulong Offered { get; }

    /// <summary>What the driver chose so far; fixed once <see cref="DeviceStatus.FeaturesOk"/> stands.</summary>
    internal ulong Chosen
    {
        get
        {
            lock (_lock)
            {
                return _driverFeatures;
            }
        }
    }

    internal int QueueCount => _queues.Length;

    internal ConfigImage Config { get; }

    internal byte Status => (byte)Volatile.Read(ref _status);

    public void SignalQueue(int index) => _signals.Queue(index);

    public void ConfigChanged()
    {
        Config.Refresh();
        if ((Status & DeviceStatus.DriverOk) != 0)
        {
            _signals.Config();
        }
    }

    public void Fail(int index, string reason)
    {
        int before = Interlocked.Or(ref _status, DeviceStatus.NeedsReset);
        if ((before & DeviceStatus.NeedsReset) != 0)
        {
            return;
        }

        _log.Warn(_device.Name, $"queue {index} can't be gone on with: {reason}; the device needs a reset");
        if ((before & DeviceStatus.DriverOk) != 0)
        {
            _signals.Config();
        }
    }

    /// <summary>A doorbell. Any thread; no lock.</summary>
    internal void Notify(int index)
    {
        if ((uint)index < (uint)_queues.Length && (Status & DeviceStatus.DriverOk) != 0)
        {
            _counters.Doorbell();
            _device.Notify(index);
        }
    }

    /// <summary>The driver chooses half of the features; without effect once they are agreed on.</summary>
    /// <param name="word">0 or 1; others are dropped.</param>
    /// <param name="features">The half.</param>
    internal void Choose(uint word, uint features)
    {
        lock (_lock)
        {
            if (word <= 1 && (_status & DeviceStatus.FeaturesOk) == 0)
            {
                int shift = (int)word * 32;
                _driverFeatures = (_driverFeatures & ~((ulong)uint.MaxValue << shift)) | ((ulong)features << shift);
            }
        }
    }

    /// <summary>The driver writes the status: zero resets, else bits are added; none is ever taken away (2.1.1).</summary>
    internal void WriteStatus(byte value)
    {
        lock (_lock)
        {
            if (value == 0)
            {
                ResetUnderLock();
                return;
            }

            int before = _status;
            int added = value & ~before & DeviceStatus.DriverBits;
            if ((added & DeviceStatus.FeaturesOk) != 0 && !TryAgree())
            {
                added &= ~DeviceStatus.FeaturesOk;
            }

            if (((before | added) & DeviceStatus.FeaturesOk) == 0)
            {
                added &= ~DeviceStatus.DriverOk;
            }

            Interlocked.Or(ref _status, added);
            if ((added & DeviceStatus.DriverOk) != 0)
            {
                for (int i = 0; i < _queues.Length; i++)
                {
                    StartIfReady(i);
                }
            }
        }
    }

    /// <summary>Reads something of a queue's setup.</summary>
    /// <returns>Zero for a queue that isn't there, which says so (4.1.5.1.3).</returns>
    internal ulong ReadQueue(int index, Func<QueueSetup, ulong> read)
    {
        lock (_lock)
        {
            return (uint)index < (uint)_queues.Length ? read(_queues[index]) : 0;
        }
    }

    /// <summary>Changes something of a queue's setup; dropped once the queue is enabled.</summary>
    internal void WriteQueue(int index, ulong value, Action<QueueSetup, ulong> write)
    {
        lock (_lock)
        {
            if ((uint)index < (uint)_queues.Length && !_queues[index].Enabled)
            {
                write(_queues[index], value);
            }
        }
    }

    /// <summary>The driver says that a queue is set up.</summary>
    internal void Enable(int index)
    {
        lock (_lock)
        {
            if ((uint)index < (uint)_queues.Length && !_queues[index].Enabled && (_status & DeviceStatus.FeaturesOk) != 0)
            {
                _queues[index].Enabled = true;
                StartIfReady(index);
            }
        }
    }

    /// <summary>Takes one queue back to what it was after the device's reset (2.6.1). True when that was agreed on and is done.</summary>
    internal bool TryResetQueue(int index)
    {
        lock (_lock)
        {
            if ((uint)index >= (uint)_queues.Length
                || (_status & DeviceStatus.FeaturesOk) == 0
                || (_driverFeatures & VirtioFeature.RingReset) == 0)
            {
                return false;
            }

            Stop(index);
            _queues[index].Reset();
            return true;
        }
    }

    /// <summary>Takes everything to the state after power-on; the device's threads have no chain any more when it returns.</summary>
    internal void Reset()
    {
        lock (_lock)
        {
            ResetUnderLock();
        }
    }

    private void ResetUnderLock()
    {
        for (int i = 0; i < _queues.Length; i++)
        {
            Stop(i);
            _queues[i].Reset();
        }

        _driverFeatures = 0;
        _ringFeatures = RingFeatures.None;
        _device.Reset();
        Interlocked.Exchange(ref _status, 0);
        Config.Refresh();
    }

    private bool TryAgree()
    {
        if ((_driverFeatures & ~Offered) != 0 || (_driverFeatures & VirtioFeature.Version1) == 0)
        {
            return false;
        }

        _ringFeatures = RingOf(_driverFeatures);
        _device.SetFeatures(_driverFeatures);
        Config.Refresh();
        return true;
    }

    private void StartIfReady(int index)
    {
        QueueSetup queue = _queues[index];
        const int Ready = DeviceStatus.DriverOk | DeviceStatus.FeaturesOk;
        if (!queue.Enabled || queue.Started || (_status & Ready) != Ready)
        {
            return;
        }

        bool packed = (_ringFeatures & RingFeatures.Packed) != 0;
        if (!queue.Layout.IsValid(packed))
        {
            Fail(index, "its areas aren't aligned, or its size is none that a ring can have");
            return;
        }

        QueueState start = packed ? QueueState.PackedStart : QueueState.SplitStart;
        _device.StartQueue(index, new VirtQueue(index, queue.Layout, _ringFeatures, start, _dma, this, queue.MaximumSize));
        queue.Started = true;
    }

    private void Stop(int index)
    {
        if (_queues[index].Started)
        {
            _device.StopQueue(index);
            _queues[index].Started = false;
        }
    }

    private static RingFeatures RingOf(ulong features)
    {
        RingFeatures ring = RingFeatures.None;
        ring |= (features & VirtioFeature.IndirectDescriptors) != 0 ? RingFeatures.Indirect : RingFeatures.None;
        ring |= (features & VirtioFeature.EventIndex) != 0 ? RingFeatures.EventIndex : RingFeatures.None;
        ring |= (features & VirtioFeature.RingPacked) != 0 ? RingFeatures.Packed : RingFeatures.None;
        ring |= (features & VirtioFeature.InOrder) != 0 ? RingFeatures.InOrder : RingFeatures.None;
        return ring;
    }
}
