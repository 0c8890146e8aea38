using Viaduct.Platform.Accounting;
using Viaduct.Platform.AddressSpaces;
using Viaduct.Platform.Interrupts;
using Viaduct.Platform.State;
using Viaduct.Platform.Workers;

namespace Viaduct.Emulated.Serial;

/// <summary>
/// A serial port as PC-compatible machines have it: a PC16550D behind eight ports. Characters take no time on its
/// wire. Modem lines are those of a terminal that is always there.
/// </summary>
/// <remarks>
/// Input waits in a queue, as if the sender were held back, until the guest listens: until it enables the interrupt
/// for received data or polls the line status twice in a row. So what is sent early isn't lost to the clearing of
/// FIFOs with which drivers begin.
/// </remarks>
public sealed class Uart16550 : IAccessHandler, ISavable, IDisposable
{
    /// <summary>Ports that it occupies.</summary>
    public const int PortCount = Registers.Count;

    /// <summary>Characters that wait for a guest that doesn't read.</summary>
    public const int InputCapacity = 4096;

    private const byte AllOnes = 0xFF;
    private const byte TerminalLines = Registers.Msr.ClearToSend | Registers.Msr.DataSetReady | Registers.Msr.CarrierDetect;

    private static ReadOnlySpan<byte> TriggerLevels => [1, 4, 8, 14];

    private readonly Lock _lock = new();
    private readonly IInterruptLine _line;
    private readonly SerialOutput _output;
    private readonly DeviceWorker _worker;
    private readonly CharacterQueue _input = new(InputCapacity);
    private readonly CharacterQueue _fifo = new(Registers.FifoDepth);
    private byte _interruptEnable;
    private byte _lineControl;
    private byte _modemControl;
    private byte _modemStatus = TerminalLines;
    private byte _scratch;
    private byte _errors;
    private ushort _divisor;
    private byte _trigger = 1;
    private bool _fifosEnabled;
    private bool _emptyPending;
    private bool _polled;
    private bool _inputRefused;
    private bool _disposed;

    /// <param name="line">Its interrupt; on a PC, COM1's is GSI 4.</param>
    /// <param name="sink">Where the guest's bytes go.</param>
    /// <param name="counters">Whose CPU time the output is.</param>
    public Uart16550(IInterruptLine line, ISerialSink sink, DeviceCounters counters)
    {
        _line = line;
        _output = new SerialOutput(sink, RoomMade);
        _worker = new DeviceWorker("io-serial", _output, counters);
    }

    /// <summary>After <see cref="Receive"/> took less than it was given: there is room for half the queue again. Raised on a vCPU's thread with no lock held; must not block.</summary>
    public event Action? InputReady;

    /// <inheritdoc/>
    public string StateName => "serial port";

    /// <inheritdoc/>
    public int StateVersion => 1;

    private bool Loopback => (_modemControl & Registers.Mcr.Loopback) != 0;

    private bool DivisorAccess => (_lineControl & Registers.Lcr.DivisorAccess) != 0;

    private int FifoCapacity => _fifosEnabled ? Registers.FifoDepth : 1;

    /// <summary>Bytes for the guest to read. Any thread; never blocks.</summary>
    /// <returns>How many it took; the rest may be offered again after <see cref="InputReady"/>.</returns>
    public int Receive(ReadOnlySpan<byte> bytes)
    {
        lock (_lock)
        {
            int taken = Math.Min(bytes.Length, _input.Free);
            foreach (byte value in bytes[..taken])
            {
                _input.TryAdd(value);
            }

            _inputRefused |= taken < bytes.Length;
            Refill(polled: false);
            UpdateLine();
            return taken;
        }
    }

    /// <summary>A break condition on the wire; Linux takes it for the SysRq key. Lost when the queue is full.</summary>
    public void ReceiveBreak()
    {
        lock (_lock)
        {
            _input.TryAdd(Registers.Lsr.Break << 8);
            Refill(polled: false);
            UpdateLine();
        }
    }

    /// <summary>Takes the registers to their state after a master reset (data sheet, table I). Input that the guest has not seen stays in the queue.</summary>
    public void Reset()
    {
        lock (_lock)
        {
            _interruptEnable = 0;
            _lineControl = 0;
            _modemControl = 0;
            _modemStatus = TerminalLines;
            _errors = 0;
            _trigger = 1;
            _fifosEnabled = false;
            _emptyPending = false;
            _polled = false;
            _fifo.Clear();
            UpdateLine();
        }
    }

    /// <inheritdoc/>
    public AccessStatus Read(ulong offset, int size, out ulong value)
    {
        value = 0;
        bool ready = false;
        lock (_lock)
        {
            for (int i = 0; i < size; i++)
            {
                ulong register = offset + (ulong)i;
                byte part = register < Registers.Count ? ReadRegister((int)register) : AllOnes;
                value |= (ulong)part << (8 * i);
            }

            if (_inputRefused && _input.Free >= InputCapacity / 2)
            {
                _inputRefused = false;
                ready = true;
            }

            UpdateLine();
        }

        if (ready)
        {
            InputReady?.Invoke();
        }

        return AccessStatus.Done;
    }

    /// <inheritdoc/>
    public AccessStatus Write(ulong offset, int size, ulong value)
    {
        lock (_lock)
        {
            for (int i = 0; i < size && offset + (ulong)i < Registers.Count; i++)
            {
                WriteRegister((int)offset + i, (byte)(value >> (8 * i)));
            }

            UpdateLine();
        }

        return AccessStatus.Done;
    }

    /// <summary>Writes the registers, and the input that the guest hasn't read. Its output is the sink's already.</summary>
    public void Save(StateWriter writer)
    {
        lock (_lock)
        {
            writer.Bytes([_interruptEnable, _lineControl, _modemControl, _modemStatus, _scratch, _errors, _trigger]);
            writer.Int32(_divisor);
            writer.Boolean(_fifosEnabled);
            writer.Boolean(_emptyPending);
            writer.Boolean(_polled);
            _fifo.Save(writer);
            _input.Save(writer);
        }
    }

    /// <inheritdoc/>
    public void Restore(StateReader reader, int version)
    {
        lock (_lock)
        {
            _interruptEnable = (byte)(reader.Byte() & Registers.Ier.Writable);
            _lineControl = reader.Byte();
            _modemControl = (byte)(reader.Byte() & Registers.Mcr.Writable);
            _modemStatus = reader.Byte();
            _scratch = reader.Byte();
            _errors = (byte)(reader.Byte() & Registers.Lsr.Errors);
            _trigger = reader.Byte();
            if (!TriggerLevels.Contains(_trigger))
            {
                throw new StateException($"a serial port whose receiver triggers at {_trigger} characters");
            }

            _divisor = (ushort)reader.Int32(0, ushort.MaxValue);
            _fifosEnabled = reader.Boolean();
            _emptyPending = reader.Boolean();
            _polled = reader.Boolean();
            _fifo.Restore(reader);
            _input.Restore(reader);
            UpdateLine();
        }
    }

    /// <summary>Stops the port's thread, after all that the guest sent has been given to the sink. The processors must have stopped.</summary>
    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        _worker.Dispose();
        while (_output.DoWork())
        {
        }

        _output.Dispose();
    }

    private byte ReadRegister(int register)
    {
        bool polled = _polled;
        _polled = register == Registers.LineStatus;
        switch (register)
        {
            case Registers.Data:
                return DivisorAccess ? (byte)_divisor : ReadData();
            case Registers.InterruptEnable:
                return DivisorAccess ? (byte)(_divisor >> 8) : _interruptEnable;
            case Registers.InterruptIdentification:
                byte source = Identify();
                _emptyPending &= source != Registers.Iir.TransmitterEmpty;
                return (byte)(source | (_fifosEnabled ? Registers.Iir.FifosEnabled : 0));
            case Registers.LineControl:
                return _lineControl;
            case Registers.ModemControl:
                return _modemControl;
            case Registers.LineStatus:
                if (_fifo.Count == 0)
                {
                    Refill(polled);
                }

                return ReadLineStatus();
            case Registers.ModemStatus:
                byte status = _modemStatus;
                _modemStatus &= Registers.Msr.Lines;
                return status;
            default:
                return _scratch;
        }
    }

    private void WriteRegister(int register, byte value)
    {
        _polled = false;
        switch (register)
        {
            case Registers.Data when DivisorAccess:
                _divisor = (ushort)((_divisor & 0xFF00) | value);
                break;
            case Registers.Data:
                Transmit(value);
                break;
            case Registers.InterruptEnable when DivisorAccess:
                _divisor = (ushort)((_divisor & 0xFF) | (value << 8));
                break;
            case Registers.InterruptEnable:
                WriteInterruptEnable(value);
                break;
            case Registers.FifoControl:
                WriteFifoControl(value);
                break;
            case Registers.LineControl:
                WriteLineControl(value);
                break;
            case Registers.ModemControl:
                _modemControl = (byte)(value & Registers.Mcr.Writable);
                SetModemLines(Loopback ? LoopedLines() : TerminalLines);
                break;
            case Registers.Scratch:
                _scratch = value;
                break;
            default:
                // Line and modem status: writes are for factory tests only.
                break;
        }
    }

    private byte ReadData()
    {
        if (_fifo.Count == 0)
        {
            return 0;
        }

        byte value = (byte)_fifo.Take();
        if (_fifo.Count == 0)
        {
            // Shows the controller that the line was released, even though more follows at once: an edge for each FIFO.
            UpdateLine();
            Refill(polled: false);
        }
        else
        {
            _errors |= _fifo.NextErrors;
        }

        return value;
    }

    private byte ReadLineStatus()
    {
        byte status = _errors;
        if (_fifo.Count != 0)
        {
            status |= Registers.Lsr.DataReady;
        }

        if (_output.HasRoom)
        {
            status |= Registers.Lsr.HoldingEmpty | Registers.Lsr.TransmitterEmpty;
        }

        if (_fifosEnabled && _fifo.HasErrors)
        {
            status |= Registers.Lsr.ErrorInFifo;
        }

        _errors = 0;
        _fifo.ClearNextErrors();
        return status;
    }

    private void Transmit(byte value)
    {
        byte sent = (byte)(value & (0xFF >> (3 - (_lineControl & Registers.Lcr.WordLength))));
        _emptyPending = false;
        if (Loopback)
        {
            Arrive(sent);
        }
        else
        {
            _output.Add(sent);
        }

        // The wire takes no time: the transmitter is empty again unless the sink lags far behind.
        _emptyPending = _output.HasRoom;
    }

    private void WriteInterruptEnable(byte value)
    {
        bool enabled = (value & ~_interruptEnable & Registers.Ier.TransmitterEmpty) != 0;
        _interruptEnable = (byte)(value & Registers.Ier.Writable);
        if (enabled && _output.HasRoom)
        {
            _emptyPending = true;
        }

        Refill(polled: false);
    }

    private void WriteFifoControl(byte value)
    {
        bool enable = (value & Registers.Fcr.Enable) != 0;
        if (enable != _fifosEnabled)
        {
            _fifosEnabled = enable;
            _trigger = 1;
            ClearReceiver();
        }

        if (!enable)
        {
            return;
        }

        _trigger = TriggerLevels[value >> Registers.Fcr.TriggerShift];
        if ((value & Registers.Fcr.ClearReceiver) != 0)
        {
            ClearReceiver();
        }
    }

    private void WriteLineControl(byte value)
    {
        bool breakBegins = (value & ~_lineControl & Registers.Lcr.Break) != 0;
        _lineControl = value;
        if (breakBegins && Loopback)
        {
            Arrive(Registers.Lsr.Break << 8);
        }
    }

    private void ClearReceiver()
    {
        _fifo.Clear();
        UpdateLine();
        Refill(polled: false);
    }

    /// <summary>A character has come in from the wire; overruns when the guest has not made room.</summary>
    private void Arrive(ushort character)
    {
        if (_fifo.Count == FifoCapacity)
        {
            _errors |= Registers.Lsr.Overrun;
            if (!_fifosEnabled)
            {
                // Without FIFOs the new character destroys the old one (data sheet, 8.4, bit 1).
                _fifo.Clear();
                _fifo.TryAdd(character);
                _errors |= _fifo.NextErrors;
            }

            return;
        }

        _fifo.TryAdd(character);
        if (_fifo.Count == 1)
        {
            _errors |= _fifo.NextErrors;
        }
    }

    private void Refill(bool polled)
    {
        bool listening = polled || (_interruptEnable & Registers.Ier.ReceivedData) != 0;
        if (!listening || Loopback)
        {
            return;
        }

        while (_input.Count != 0 && _fifo.Count < FifoCapacity)
        {
            Arrive(_input.Take());
        }
    }

    private byte LoopedLines()
    {
        int lines = 0;
        lines |= (_modemControl & Registers.Mcr.RequestToSend) != 0 ? Registers.Msr.ClearToSend : 0;
        lines |= (_modemControl & Registers.Mcr.DataTerminalReady) != 0 ? Registers.Msr.DataSetReady : 0;
        lines |= (_modemControl & Registers.Mcr.Out1) != 0 ? Registers.Msr.RingIndicator : 0;
        lines |= (_modemControl & Registers.Mcr.Out2) != 0 ? Registers.Msr.CarrierDetect : 0;
        return (byte)lines;
    }

    private void SetModemLines(byte lines)
    {
        int changed = ((_modemStatus ^ lines) & Registers.Msr.Lines) >> 4;
        if ((lines & Registers.Msr.RingIndicator) != 0)
        {
            changed &= ~Registers.Msr.TrailingRing;
        }

        _modemStatus = (byte)(lines | (_modemStatus & Registers.Msr.Changes) | changed);
    }

    /// <summary>The pending source of the highest priority (data sheet, table IV). The character timeout passes at once.</summary>
    private byte Identify()
    {
        if ((_interruptEnable & Registers.Ier.LineStatus) != 0 && _errors != 0)
        {
            return Registers.Iir.LineStatus;
        }

        if ((_interruptEnable & Registers.Ier.ReceivedData) != 0 && _fifo.Count != 0)
        {
            return _fifo.Count >= _trigger ? Registers.Iir.ReceivedData : Registers.Iir.CharacterTimeout;
        }

        if ((_interruptEnable & Registers.Ier.TransmitterEmpty) != 0 && _emptyPending)
        {
            return Registers.Iir.TransmitterEmpty;
        }

        bool modem = (_interruptEnable & Registers.Ier.ModemStatus) != 0 && (_modemStatus & Registers.Msr.Changes) != 0;
        return modem ? Registers.Iir.ModemStatus : Registers.Iir.None;
    }

    private void UpdateLine()
    {
        bool connected = (_modemControl & (Registers.Mcr.Out2 | Registers.Mcr.Loopback)) == Registers.Mcr.Out2;
        _line.Set(connected && Identify() != Registers.Iir.None);
    }

    /// <summary>The sink has caught up: the transmitter, which was full, is empty.</summary>
    private void RoomMade()
    {
        lock (_lock)
        {
            _emptyPending = true;
            UpdateLine();
        }
    }
}
