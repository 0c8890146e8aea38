using Viaduct.Platform.AddressSpaces;
using Viaduct.Platform.Interrupts;
using Viaduct.Platform.State;

namespace Viaduct.Emulated.Rtc;

/// <summary>
/// The real-time clock and battery-backed RAM of PC-compatible machines: an MC146818 behind an index and a data port.
/// It shows the host's UTC until the guest sets it, and keeps that difference.
/// </summary>
/// <remarks>
/// What has happened is worked out from the time when a register is read. A timer runs only while an interrupt is
/// enabled and not yet requested, so a guest gets at most one for each time that it reads register C.
/// </remarks>
public sealed class CmosRtc : IAccessHandler, ISavable, IDisposable
{
    /// <summary>The index port; the data port is next.</summary>
    public const ushort Port = 0x70;

    /// <summary>Ports that it occupies.</summary>
    public const int PortCount = 2;

    /// <summary>Time between the rise of UIP and the update, and that of the update itself (data sheet, "update cycle").</summary>
    private const long UpdateTicks = (244 + 1984) * TimeSpan.TicksPerMicrosecond;

    /// <summary>The first update after the divider's release comes half a second later (data sheet, "divider control").</summary>
    private const long PhaseAfterDivider = TimeSpan.TicksPerSecond / 2;

    private const byte NoData = 0xFF;
    private const byte NmiMask = 1 << 7;

    /// <summary>Timers don't notice when the host's clock is set; they look again after this at the latest.</summary>
    private static readonly TimeSpan _longestWait = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan _shortestWait = TimeSpan.FromMilliseconds(1);
    private static readonly long _lastTicks = new DateTime(9999, 12, 1, 0, 0, 0, DateTimeKind.Utc).Ticks;

    private readonly Lock _lock = new();
    private readonly TimeProvider _time;
    private readonly IInterruptLine _line;
    private readonly ITimer _timer;

    /// <summary>RAM, status and alarm registers; the time too while it stands still.</summary>
    private readonly byte[] _registers = new byte[Registers.Count];

    private int _index;
    private long _difference;
    private long _seen;
    private bool _timerRuns;
    private bool _disposed;

    /// <param name="time">The host's clock.</param>
    /// <param name="line">Its interrupt; on a PC, GSI 8.</param>
    public CmosRtc(TimeProvider time, IInterruptLine line)
    {
        _time = time;
        _line = line;
        _registers[Registers.A] = Registers.StatusA.AfterFirmware;
        _registers[Registers.B] = Registers.StatusB.TwentyFourHours;
        _registers[Registers.D] = Registers.ValidRamAndTime;
        _seen = Now();
        _timer = time.CreateTimer(static clock => ((CmosRtc)clock!).TimerFired(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <inheritdoc/>
    public string StateName => "real-time clock";

    /// <inheritdoc/>
    public int StateVersion => 1;

    private byte StatusA => _registers[Registers.A];

    private byte StatusB => _registers[Registers.B];

    private ClockFormat Format => ClockFormat.Of(StatusB);

    private bool DividerIsReset => (StatusA & Registers.StatusA.DividerReset) == Registers.StatusA.DividerReset;

    private bool Stopped => (StatusB & Registers.StatusB.Set) != 0 || DividerIsReset;

    /// <summary>What the RESET pin does: no interrupts. Time and RAM stay (data sheet, "RESET").</summary>
    public void Reset()
    {
        lock (_lock)
        {
            const byte Cleared = Registers.StatusB.PeriodicInterrupt | Registers.StatusB.AlarmInterrupt
                | Registers.StatusB.UpdateInterrupt | Registers.StatusB.SquareWave;
            Advance();
            _index = 0;
            _registers[Registers.B] &= unchecked((byte)~Cleared);
            _registers[Registers.C] = 0;
            UpdateLine();
            SetTimer();
        }
    }

    /// <inheritdoc/>
    public AccessStatus Read(ulong offset, int size, out ulong value)
    {
        value = NoData;
        if (size != 1)
        {
            return AccessStatus.InvalidSize;
        }

        if (offset == 1)
        {
            lock (_lock)
            {
                Advance();
                UpdateLine();
                value = ReadRegister(_index);
            }
        }

        return AccessStatus.Done;
    }

    /// <inheritdoc/>
    public AccessStatus Write(ulong offset, int size, ulong value)
    {
        if (size != 1)
        {
            return AccessStatus.InvalidSize;
        }

        lock (_lock)
        {
            if (offset == 0)
            {
                _index = (int)value & ~NmiMask & 0xFF;
            }
            else
            {
                Advance();
                WriteRegister(_index, (byte)value);
                UpdateLine();
                SetTimer();
            }
        }

        return AccessStatus.Done;
    }

    /// <summary>Writes the registers, and how far the clock is from the host's: it goes on while the machine stands still.</summary>
    public void Save(StateWriter writer)
    {
        lock (_lock)
        {
            Advance();
            writer.Bytes(_registers);
            writer.Int32(_index);
            writer.Int64(_difference);
            writer.Int64(_seen);
        }
    }

    /// <inheritdoc/>
    public void Restore(StateReader reader, int version)
    {
        lock (_lock)
        {
            reader.Bytes(_registers.Length).CopyTo(_registers);
            _index = reader.Int32(0, _registers.Length - 1);
            _difference = reader.Int64();
            _seen = reader.Int64();
            if (_seen < 0 || _seen > _lastTicks)
            {
                throw new StateException("a real-time clock that shows no time");
            }

            _registers[Registers.A] &= unchecked((byte)~Registers.StatusA.UpdateInProgress);
            _registers[Registers.D] = Registers.ValidRamAndTime;
            Advance();
            UpdateLine();
            SetTimer();
        }
    }

    /// <summary>Stops the timer; no interrupt comes afterwards.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
        }

        _timer.Dispose();
    }

    private static bool ShowsTime(int register) => register switch
    {
        Registers.SecondsAlarm or Registers.MinutesAlarm or Registers.HoursAlarm => false,
        Registers.Century => true,
        _ => register <= Registers.Year,
    };

    private byte ReadRegister(int register)
    {
        switch (register)
        {
            case Registers.A:
                bool updating = !Stopped && _seen % TimeSpan.TicksPerSecond >= TimeSpan.TicksPerSecond - UpdateTicks;
                return (byte)(StatusA | (updating ? Registers.StatusA.UpdateInProgress : 0));
            case Registers.C:
                byte causes = _registers[Registers.C];
                _registers[Registers.C] = 0;
                UpdateLine();
                SetTimer();
                return causes;
            default:
                return ShowsTime(register) && !Stopped ? Format.Read(register, new DateTime(_seen)) : _registers[register];
        }
    }

    private void WriteRegister(int register, byte value)
    {
        switch (register)
        {
            case Registers.A:
                WriteControl(Registers.A, (byte)(value & ~Registers.StatusA.UpdateInProgress));
                break;
            case Registers.B:
                bool set = (value & Registers.StatusB.Set) != 0;
                WriteControl(Registers.B, set ? (byte)(value & ~Registers.StatusB.UpdateInterrupt) : value);
                break;
            case Registers.C:
            case Registers.D:
                break;
            default:
                WriteTimeOrRam(register, value);
                break;
        }
    }

    private void WriteTimeOrRam(int register, byte value)
    {
        if (!ShowsTime(register) || Stopped)
        {
            _registers[register] = value;
            return;
        }

        long phase = _seen % TimeSpan.TicksPerSecond;
        CaptureTime();
        _registers[register] = value;
        Start(phase);
    }

    /// <summary>Writes register A or B. Both can stop the clock, and let it go on from what the registers then say.</summary>
    private void WriteControl(int register, byte value)
    {
        bool wasStopped = Stopped;
        bool dividerWasReset = DividerIsReset;
        if (!wasStopped)
        {
            CaptureTime();
        }

        _registers[register] = value;
        if (wasStopped && !Stopped)
        {
            Start(dividerWasReset ? PhaseAfterDivider : 0);
        }
    }

    private void CaptureTime()
    {
        DateTime now = new(_seen);
        for (int register = Registers.Seconds; register <= Registers.Year; register++)
        {
            if (ShowsTime(register))
            {
                _registers[register] = Format.Read(register, now);
            }
        }

        _registers[Registers.Century] = Format.Read(Registers.Century, now);
    }

    private void Start(long phase)
    {
        long ticks = Format.Decode(_registers).Ticks + phase;
        _difference = ticks - _time.GetUtcNow().UtcTicks;
        _seen = ticks;
    }

    private long Now() => Math.Clamp(_time.GetUtcNow().UtcTicks + _difference, 0, _lastTicks);

    /// <summary>Notes in register C what has happened since it was last called.</summary>
    private void Advance()
    {
        if (Stopped)
        {
            return;
        }

        long before = _seen;
        _seen = Now();
        if (_seen <= before)
        {
            return;
        }

        if (_seen / TimeSpan.TicksPerSecond != before / TimeSpan.TicksPerSecond)
        {
            _registers[Registers.C] |= Registers.StatusC.Update;
            if (NextAlarm(before) <= _seen)
            {
                _registers[Registers.C] |= Registers.StatusC.Alarm;
            }
        }

        PeriodicRate rate = new(StatusA);
        if (rate.IsOn && rate.Count(_seen) != rate.Count(before))
        {
            _registers[Registers.C] |= Registers.StatusC.Periodic;
        }
    }

    private long NextAlarm(long after)
    {
        Alarm alarm = new(Format, _registers[Registers.HoursAlarm], _registers[Registers.MinutesAlarm], _registers[Registers.SecondsAlarm]);
        return alarm.NextAfter(new DateTime(after))?.Ticks ?? long.MaxValue;
    }

    private void UpdateLine()
    {
        bool requested = (_registers[Registers.C] & StatusB & Registers.StatusC.Causes) != 0;
        if (requested)
        {
            _registers[Registers.C] |= Registers.StatusC.Request;
        }
        else
        {
            _registers[Registers.C] &= Registers.StatusC.Causes;
        }

        _line.Set(requested);
    }

    /// <summary>Sets the timer to the next event that would raise an interrupt.</summary>
    private void SetTimer()
    {
        long next = long.MaxValue;
        if (!Stopped && !_disposed && (_registers[Registers.C] & Registers.StatusC.Request) == 0)
        {
            next = NextInterrupt();
        }

        if (next == long.MaxValue)
        {
            if (_timerRuns)
            {
                _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
                _timerRuns = false;
            }

            return;
        }

        // Rounded up to the timer's milliseconds: early, it would only have to be set again.
        TimeSpan wait = TimeSpan.FromMilliseconds((next - _seen + TimeSpan.TicksPerMillisecond - 1) / TimeSpan.TicksPerMillisecond);
        wait = wait < _shortestWait ? _shortestWait : wait > _longestWait ? _longestWait : wait;
        _timer.Change(wait, Timeout.InfiniteTimeSpan);
        _timerRuns = true;
    }

    private long NextInterrupt()
    {
        long next = long.MaxValue;
        if ((StatusB & Registers.StatusB.UpdateInterrupt) != 0)
        {
            next = ((_seen / TimeSpan.TicksPerSecond) + 1) * TimeSpan.TicksPerSecond;
        }

        if ((StatusB & Registers.StatusB.AlarmInterrupt) != 0)
        {
            next = Math.Min(next, NextAlarm(_seen));
        }

        PeriodicRate rate = new(StatusA);
        if ((StatusB & Registers.StatusB.PeriodicInterrupt) != 0 && rate.IsOn)
        {
            next = Math.Min(next, rate.NextAfter(_seen));
        }

        return next;
    }

    private void TimerFired()
    {
        lock (_lock)
        {
            if (_disposed)
            {
                return;
            }

            Advance();
            UpdateLine();
            SetTimer();
        }
    }
}
