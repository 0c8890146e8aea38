using Viaduct.Platform.Interrupts;

namespace Viaduct.Platform.Pci;

/// <summary>
/// A function's INTA# (PCI Express Base 5.0, 6.1.1 and 7.5.1.1.3 to 7.5.1.1.4): what the device asks for is Interrupt
/// Status; what reaches the host's line also depends on Interrupt Disable and on messages being used instead.
/// </summary>
internal sealed class IntxPin : IInterruptLine
{
    private readonly PciFunction _function;
    private bool _announced;
    private bool _asserted;
    private bool _driven;

    internal IntxPin(PciFunction function) => _function = function;

    public void Set(bool asserted)
    {
        lock (_function.Gate)
        {
            if (asserted != _asserted)
            {
                _asserted = asserted;
                uint status = _function.Config.Read(ConfigHeader.Status, 2) & ~ConfigHeader.StatusInterrupt;
                _function.Config.Set(ConfigHeader.Status, 2, asserted ? status | ConfigHeader.StatusInterrupt : status);
                Update();
            }
        }
    }

    /// <summary>Writes the pin into the header.</summary>
    internal IInterruptLine Announce()
    {
        if (!_announced)
        {
            _announced = true;
            lock (_function.Gate)
            {
                _function.Config.Define(ConfigHeader.InterruptPin, 1, 1);
            }
        }

        return this;
    }

    /// <summary>Drives or releases the host's line as the registers now say. Under the topology's lock.</summary>
    internal void Update()
    {
        bool disabled = (_function.Command & ConfigHeader.CommandInterruptDisable) != 0;
        Drive(_asserted && !disabled && !_function.UsesMessages && _function.IsPowered);
    }

    /// <summary>Releases the line. Under the topology's lock; the registers are reset already.</summary>
    internal void Reset()
    {
        _asserted = false;
        Drive(false);
    }

    /// <summary>Says to whoever takes the pin over how it stands. Under the topology's lock.</summary>
    internal void HandOver()
    {
        _driven = false;
        Update();
    }

    private void Drive(bool driven)
    {
        if (driven == _driven)
        {
            return;
        }

        _driven = driven;
        if (driven)
        {
            _function.Counters.Interrupt();
        }

        if (_function.InterruptHost is { } host)
        {
            host.SetPin(driven);
        }
        else if (_function.Bus is { } bus)
        {
            bus.Root.Drive(bus.HostLine(_function.DeviceFunction), driven);
        }
    }
}
