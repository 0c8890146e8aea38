using Viaduct.Platform.Accounting;

namespace Viaduct.Assigned;

/// <summary>What devices in a slot counted of themselves while they were there, one after the other.</summary>
internal sealed class SlotCounts
{
    private readonly Lock _lock = new();
    private IAssignedDevice? _device;
    private AssignedFunction? _function;
    private DeviceCounts _before;
    private DeviceCounts _atBegin;
    private DeviceCounts _last;

    /// <summary>A device is there; what it counted until now is not of this guest.</summary>
    internal void Begin(IAssignedDevice device, AssignedFunction function)
    {
        lock (_lock)
        {
            _function = function;
            _device = device.TryReadCounts(out _atBegin) ? device : null;
            _last = _atBegin;
        }
    }

    /// <summary>It is gone; what it said last counts.</summary>
    internal void End()
    {
        lock (_lock)
        {
            _before += Own();
            _device = null;
            _function = null;
            _last = _atBegin = default;
        }
    }

    /// <summary>What all of them counted.</summary>
    internal DeviceCounts Read()
    {
        lock (_lock)
        {
            if (_device is not null && _device.TryReadCounts(out DeviceCounts now))
            {
                _last = now;
            }

            return _before + Own();
        }
    }

    // Interrupts that passed here are counted already; those that didn't, only the device can count.
    private DeviceCounts Own()
    {
        DeviceCounts own = _last - _atBegin;
        return _function is { HasDirectInterrupts: true } function
            ? own with
            {
                Interrupts = Math.Max(0, own.Interrupts - function.RelayedInterrupts),
                MissesInterrupts = own.MissesInterrupts || _device is null,
            }
            : own with { Interrupts = 0, MissesInterrupts = false };
    }
}
