using Viaduct.Platform.Host;
using Viaduct.Platform.Interrupts;

namespace Viaduct.Assigned;

/// <summary>
/// The way from the device's pin to the guest's. The device raises its eventfd once and waits; when the guest next
/// touches the device it has begun to serve the interrupt, so the line is released and the device asked again.
/// </summary>
internal sealed class PinRoute
{
    private readonly Lock _lock = new();
    private readonly IAssignedDevice _device;
    private readonly IInterruptLine _line;
    private readonly EventFd _target;
    private volatile bool _asserted;
    private bool _on;

    internal PinRoute(IAssignedDevice device, IInterruptLine line, InterruptRelay relay)
    {
        _device = device;
        _line = line;
        _target = relay.Add(Raised, 0);
    }

    /// <summary>Begins or ends to use the pin.</summary>
    internal void Switch(bool on)
    {
        lock (_lock)
        {
            if (on == _on)
            {
                return;
            }

            _on = on;
            _ = _device.TrySetInterrupts(AssignedInterrupt.Intx, 0, on ? [_target] : []);
            if (!on)
            {
                Release();
            }
        }
    }

    /// <summary>The guest has touched the device's registers.</summary>
    internal void OnAccess()
    {
        if (_asserted)
        {
            lock (_lock)
            {
                Release();
                _ = _device.TryUnmaskPin();
            }
        }
    }

    private void Release()
    {
        _asserted = false;
        _line.Set(false);
    }

    // Without the lock: a request to the device may be under way under it.
    private void Raised(int number)
    {
        _asserted = true;
        _line.Set(true);
    }
}
