using Viaduct.Platform.Host;
using Viaduct.Platform.Interrupts;
using Viaduct.Platform.Pci;

namespace Viaduct.Assigned;

/// <summary>
/// The way from the device's pin to the guest's. The device raises its eventfd once and waits to be asked again. Where
/// engine and device can, that eventfd asserts the guest's line, and the end of the interrupt there asks the device.
/// Else the relay asserts the line, and the guest's next access to the device is what tells that it serves the interrupt.
/// </summary>
internal sealed class PinRoute : IDisposable
{
    private readonly Lock _lock = new();
    private readonly IAssignedDevice _device;
    private readonly PciFunction _function;
    private readonly IInterruptLine _line;
    private readonly InterruptRelay _relay;
    private EventFd? _relayed;
    private Direct? _direct;
    private bool _refused;
    private volatile bool _asserted;
    private bool _on;

    internal PinRoute(IAssignedDevice device, PciFunction function, InterruptRelay relay)
    {
        _device = device;
        _function = function;
        _line = function.IntX;
        _relay = relay;
    }

    /// <summary>Whether the device's eventfd asserts the guest's line, so that nobody here needs to see the guest's accesses.</summary>
    internal bool IsDirect => Volatile.Read(ref _direct) is not null;

    /// <summary>Whether it ever was, so that interrupts weren't counted here.</summary>
    internal bool HasDirect { get; private set; }

    /// <summary>Begins or ends to use the pin.</summary>
    internal void Switch(bool on)
    {
        lock (_lock)
        {
            if (!on)
            {
                if (_on)
                {
                    _on = false;
                    _ = _device.TrySetInterrupts(AssignedInterrupt.Intx, 0, []);
                    EndDirect();
                    Release();
                }

                return;
            }

            if (_direct is not null || TryDirect() || _on)
            {
                _on = true;
                return;
            }

            _on = true;
            _relayed ??= _relay.Add(Raised, 0);
            _ = _device.TrySetInterrupts(AssignedInterrupt.Intx, 0, [_relayed]);
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

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock)
        {
            EndDirect();
        }
    }

    // Before the function is on its bus it has no line to be connected to.
    private bool TryDirect()
    {
        if (_refused || _function.Bus is null || _function.Dma.InterruptEvents is null)
        {
            return false;
        }

        Direct direct = new();
        direct.Pin = _function.ConnectPin(direct.Signal, direct.Resample);
        if (direct.Pin is null
            || !_device.TrySetInterrupts(AssignedInterrupt.Intx, 0, [direct.Signal])
            || !_device.TryUnmaskPinBy(direct.Resample))
        {
            _refused = true;
            if (_on)
            {
                _ = _device.TrySetInterrupts(AssignedInterrupt.Intx, 0, [_relayed!]);
            }

            direct.Dispose();
            return false;
        }

        Release();
        HasDirect = true;
        Volatile.Write(ref _direct, direct);
        _ = _device.TryUnmaskPin();
        return true;
    }

    private void EndDirect()
    {
        if (_direct is { } direct)
        {
            Volatile.Write(ref _direct, null);
            direct.Dispose();
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

    private sealed class Direct : IDisposable
    {
        internal EventFd Signal { get; } = new();

        internal EventFd Resample { get; } = new();

        internal IPinEvent? Pin { get; set; }

        public void Dispose()
        {
            Pin?.Dispose();
            Signal.Dispose();
            Resample.Dispose();
        }
    }
}
