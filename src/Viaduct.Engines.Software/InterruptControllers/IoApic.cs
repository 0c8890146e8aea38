using Viaduct.Platform.AddressSpaces;
using Viaduct.Platform.Interrupts;
using Viaduct.Platform.State;

namespace Viaduct.Engines.Software.InterruptControllers;

/// <summary>
/// The I/O APIC (82093AA datasheet), with the EOI register of version 20H: 24 pins, each sent to local APICs as its
/// redirection entry says. Lines say whether they are asserted; the polarity bit is kept for the guest and means nothing.
/// </summary>
public sealed class IoApic : IAccessHandler
{
    /// <summary>How many pins there are.</summary>
    public const int Pins = 24;

    /// <summary>Where the MMIO window is.</summary>
    public const ulong DefaultBase = 0xFEC0_0000;

    /// <summary>Bytes of the MMIO window.</summary>
    public const ulong MmioLength = 0x1000;

    private const ulong SelectOffset = 0x00;
    private const ulong WindowOffset = 0x10;
    private const ulong EoiOffset = 0x40;
    private const uint IdRegister = 0;
    private const uint VersionRegister = 1;
    private const uint ArbitrationRegister = 2;
    private const uint FirstEntry = 0x10;
    private const uint VersionValue = 0x20 | ((Pins - 1) << 16);

    private readonly Lock _lock = new();
    private readonly InterruptRouter _router;
    private readonly RedirectionEntry[] _entries = new RedirectionEntry[Pins];
    private readonly int[] _asserted = new int[Pins];
    private readonly byte _resetId;
    private uint _select;
    private uint _id;
    private uint _assertedWhenSaved;

    /// <param name="id">The I/O APIC ID, as in the MADT.</param>
    /// <param name="router">Where its messages go; it joins.</param>
    public IoApic(byte id, InterruptRouter router)
    {
        _resetId = id;
        _router = router;
        Reset();
        router.Add(this);
    }

    /// <summary>A wire to a pin. Each call gives a wire of its own; the pin sees their OR.</summary>
    /// <param name="pin">0 to 23.</param>
    public IInterruptLine Line(int pin)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(pin);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(pin, Pins);
        return new IoApicLine(this, pin);
    }

    /// <summary>The state after power-on: all pins masked. The wires stay as their devices hold them.</summary>
    public void Reset()
    {
        lock (_lock)
        {
            _select = 0;
            _id = (uint)_resetId << 24;
            Array.Fill(_entries, RedirectionEntry.AfterReset);
        }
    }

    /// <inheritdoc/>
    public AccessStatus Read(ulong offset, int size, out ulong value)
    {
        lock (_lock)
        {
            value = offset switch
            {
                SelectOffset => _select,
                WindowOffset => ReadRegister(),
                _ => 0,
            };
        }

        value &= ulong.MaxValue >> (64 - (size * 8));
        return AccessStatus.Done;
    }

    /// <inheritdoc/>
    public AccessStatus Write(ulong offset, int size, ulong value)
    {
        lock (_lock)
        {
            switch (offset)
            {
                case SelectOffset:
                    _select = (byte)value;
                    break;
                case WindowOffset when size >= 4:
                    WriteRegister((uint)value);
                    break;
                case EoiOffset:
                    EndOfInterrupt((byte)value);
                    break;
                default:
                    break;
            }
        }

        return AccessStatus.Done;
    }

    /// <summary>Writes the registers, and which pins are asserted: how the wires stand is their devices' state.</summary>
    internal void Save(StateWriter writer)
    {
        lock (_lock)
        {
            writer.UInt32(_select);
            writer.UInt32(_id);
            writer.UInt32(AssertedPins());
            foreach (RedirectionEntry entry in _entries)
            {
                writer.UInt64(entry.Value);
            }
        }
    }

    /// <summary>Takes registers that were saved, after devices have driven their wires while all pins were masked.</summary>
    internal void Restore(StateReader reader)
    {
        lock (_lock)
        {
            _select = (byte)reader.UInt32();
            _id = reader.UInt32() & 0x0F00_0000;
            _assertedWhenSaved = reader.UInt32();
            for (int pin = 0; pin < Pins; pin++)
            {
                ulong value = reader.UInt64();
                _entries[pin] = RedirectionEntry.AfterReset.WithHigh((uint)(value >> 32)).WithLow((uint)value).WithRemoteIrr(new RedirectionEntry(value).RemoteIrr);
            }
        }
    }

    /// <summary>Sends what devices have asked for since the registers were saved; once the local APICs are restored.</summary>
    internal void GoOn()
    {
        lock (_lock)
        {
            uint risen = AssertedPins() & ~_assertedWhenSaved;
            for (int pin = 0; pin < Pins; pin++)
            {
                RedirectionEntry entry = _entries[pin];
                if (entry.IsLevel)
                {
                    ServiceLevel(pin);
                }
                else if ((risen & (1u << pin)) != 0 && !entry.Masked)
                {
                    _router.Deliver(entry.ToMessage());
                }
            }
        }
    }

    /// <summary>A local APIC, or the guest by the EOI register, is done with a level-triggered vector.</summary>
    internal void EndOfInterrupt(int vector)
    {
        lock (_lock)
        {
            for (int pin = 0; pin < Pins; pin++)
            {
                RedirectionEntry entry = _entries[pin];
                if (entry.RemoteIrr && entry.Vector == vector)
                {
                    _entries[pin] = entry.WithRemoteIrr(false);
                    ServiceLevel(pin);
                }
            }
        }
    }

    /// <summary>A wire is driven.</summary>
    internal void Change(IoApicLine line, bool asserted)
    {
        int pin = line.Pin;
        lock (_lock)
        {
            if (line.IsAsserted == asserted)
            {
                return;
            }

            line.IsAsserted = asserted;
            _asserted[pin] += asserted ? 1 : -1;
            if (!asserted || _asserted[pin] != 1)
            {
                return;
            }

            if (_entries[pin].IsLevel)
            {
                ServiceLevel(pin);
            }
            else if (!_entries[pin].Masked)
            {
                // An edge that finds its pin masked is lost, as on the real part.
                _router.Deliver(_entries[pin].ToMessage());
            }
        }
    }

    private uint AssertedPins()
    {
        uint pins = 0;
        for (int pin = 0; pin < Pins; pin++)
        {
            pins |= _asserted[pin] > 0 ? 1u << pin : 0;
        }

        return pins;
    }

    private void ServiceLevel(int pin)
    {
        RedirectionEntry entry = _entries[pin];
        if (entry.IsLevel && !entry.Masked && !entry.RemoteIrr && _asserted[pin] > 0)
        {
            _entries[pin] = entry.WithRemoteIrr(true);
            _router.Deliver(entry.ToMessage());
        }
    }

    private uint ReadRegister()
    {
        switch (_select)
        {
            case IdRegister:
            case ArbitrationRegister:
                return _id;
            case VersionRegister:
                return VersionValue;
            case >= FirstEntry and < FirstEntry + (2 * Pins):
                ulong entry = _entries[(_select - FirstEntry) / 2].Value;
                return (uint)((_select & 1) == 0 ? entry : entry >> 32);
            default:
                return 0;
        }
    }

    private void WriteRegister(uint value)
    {
        if (_select == IdRegister)
        {
            _id = value & 0x0F00_0000;
        }
        else if (_select is >= FirstEntry and < FirstEntry + (2 * Pins))
        {
            int pin = (int)(_select - FirstEntry) / 2;
            _entries[pin] = (_select & 1) == 0 ? _entries[pin].WithLow(value) : _entries[pin].WithHigh(value);
            ServiceLevel(pin);
        }
    }
}
