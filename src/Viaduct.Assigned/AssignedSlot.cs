using System.Diagnostics;
using Viaduct.Platform.Accounting;
using Viaduct.Platform.Host;
using Viaduct.Platform.Pci;

namespace Viaduct.Assigned;

/// <summary>
/// A root port's slot with an assigned device. A device that is lost is pulled out of the running guest; when its
/// source has it again, it is plugged in, as one that the guest has to get to know anew.
/// </summary>
public sealed class AssignedSlot : IDisposable
{
    // A server's socket is there a moment before it listens.
    private static readonly TimeSpan[] _pauses =
        [TimeSpan.FromMilliseconds(20), TimeSpan.FromMilliseconds(100), TimeSpan.FromMilliseconds(500), TimeSpan.FromSeconds(2)];

    /// <summary>A device that comes and goes all the time must not keep the guest busy with that.</summary>
    private static readonly TimeSpan _shortestStay = TimeSpan.FromSeconds(1);

    private readonly AssignedSlotOptions _options;
    private readonly object _gate = new();
    private readonly Thread _thread;
    private readonly SlotCounts _counts;
    private IAssignedDevice? _device;
    private AssignedFunction? _function;
    private long _pluggedAt;
    private IDisposable? _watch;
    private int _attempts;
    private bool _lost;
    private bool _appeared;
    private bool _stopping;

    /// <summary>Takes the device and puts it into the slot.</summary>
    /// <param name="options">Slot, source and machine.</param>
    /// <exception cref="AssignedDeviceException">The device can't be had.</exception>
    public AssignedSlot(AssignedSlotOptions options)
    {
        _options = options;
        IAssignedDevice device = options.Source.Open();
        Counters = new DeviceCounters(options.Id, device.Road);
        _counts = new SlotCounts();
        Counters.Elsewhere = _counts.Read;
        Plug(device);
        _thread = new Thread(Run) { Name = $"slot-{options.Id}", IsBackground = true };
        _thread.UnsafeStart();
    }

    /// <summary>Raised after the device was plugged in (true) or pulled out (false), on the slot's thread.</summary>
    public event Action<bool>? Changed;

    /// <summary>What the device costs, over all the times it was here.</summary>
    public DeviceCounters Counters { get; }

    /// <summary>What is in the slot now; null while the device is lost.</summary>
    public PciFunction? Function => Volatile.Read(ref _function)?.Function;

    /// <summary>Tries to get a lost device back now, without waiting for a sign of it.</summary>
    public void Reattach() => Note(ref _appeared);

    /// <summary>Takes the device out and gives it back to its server. No processor runs any more, or its threads don't mind waiting.</summary>
    public void Dispose()
    {
        Note(ref _stopping);
        _thread.Join();
        _watch?.Dispose();
        if (_function is not null)
        {
            Unplug();
        }
    }

    private void Note(ref bool sign)
    {
        lock (_gate)
        {
            sign = true;
            Monitor.PulseAll(_gate);
        }
    }

    private void Run()
    {
        while (WaitForSign())
        {
            if (_lost)
            {
                Pull();
            }
            else
            {
                TryPlug();
            }
        }
    }

    // False when the slot is to end. A sign is that the device is lost, or that it may be back.
    private bool WaitForSign()
    {
        lock (_gate)
        {
            while (!_stopping && !_lost)
            {
                bool pausing = _function is null && _attempts > 0 && _attempts <= _pauses.Length;
                if (_appeared && _function is null)
                {
                    _appeared = false;
                    _attempts = 0;
                    return true;
                }

                if (!Monitor.Wait(_gate, pausing ? _pauses[_attempts - 1] : Timeout.InfiniteTimeSpan))
                {
                    return true;
                }
            }

            return !_stopping;
        }
    }

    private void Pull()
    {
        IAssignedDevice device = _device!;
        _options.Log.Warn(_options.Id, $"{device.Name} is lost: {device.LossReason}; the guest's device is pulled out, and plugged in again when it is back");
        Unplug();
        lock (_gate)
        {
            _lost = false;
            _attempts = 0;
            _appeared = true;
        }

        _watch = _options.Source.Watch(Reattach);
        Changed?.Invoke(false);
    }

    private void Unplug()
    {
        AssignedFunction function = _function!;
        _options.Port.Remove(function.Function);
        _options.Engine.Synchronize();
        function.Dispose();
        _counts.End();
        Volatile.Write(ref _function, null);
        _device!.Dispose();
        _device = null;
    }

    private void TryPlug()
    {
        TimeSpan stay = Stopwatch.GetElapsedTime(_pluggedAt);
        if (stay < _shortestStay && !WaitOut(_shortestStay - stay))
        {
            return;
        }

        IAssignedDevice? device = null;
        try
        {
            device = _options.Source.Open();
            Plug(device);
        }
        catch (Exception error) when (error is AssignedDeviceException or HostException)
        {
            device?.Dispose();
            _attempts++;
            if (_attempts > _pauses.Length || error is AssignedDeviceException { IsHeld: true })
            {
                _options.Log.Warn(_options.Id, $"can't have it back yet: {error.Message}");
            }

            return;
        }

        _attempts = 0;
        _watch?.Dispose();
        _watch = null;
        _options.Log.Warn(_options.Id, $"{device.Name} is back; it is plugged into the guest");
        Changed?.Invoke(true);
    }

    // False when the slot is to end.
    private bool WaitOut(TimeSpan time)
    {
        long begin = Stopwatch.GetTimestamp();
        lock (_gate)
        {
            while (!_stopping && time - Stopwatch.GetElapsedTime(begin) is var left && left > TimeSpan.Zero)
            {
                Monitor.Wait(_gate, left);
            }

            return !_stopping;
        }
    }

    private void Plug(IAssignedDevice device)
    {
        AssignedFunction function = new(
            _options.Id, device, _options.Root.NewDmaTarget(Counters), Counters, _options.Memory, _options.Engine.Synchronize, _options.Log);
        _device = device;
        Volatile.Write(ref _function, function);
        _pluggedAt = Stopwatch.GetTimestamp();
        _counts.Begin(device, function);
        _options.Port.Add(function.Function);

        // Last: a device that is lost already says so at once.
        device.Lost += () => Note(ref _lost);
    }
}
