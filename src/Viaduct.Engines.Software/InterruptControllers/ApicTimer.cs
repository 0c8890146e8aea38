using Viaduct.Platform.State;

namespace Viaduct.Engines.Software.InterruptControllers;

/// <summary>
/// The local APIC's timer (Intel SDM vol. 3A 11.5.4). Its input counts the engine's nanoseconds. It keeps only the
/// time at which it fires next; the current count is worked out when it is read. Used by its processor's thread alone.
/// </summary>
internal sealed class ApicTimer
{
    private const long Never = long.MaxValue;
    private readonly IEngineClock _clock;
    private long _tscOffset;
    private ulong _tscDeadline;
    private uint _initialCount;
    private uint _divideConfiguration;

    public ApicTimer(IEngineClock clock) => _clock = clock;

    /// <summary>When it fires next, in the clock's nanoseconds; <see cref="long.MaxValue"/> when it doesn't.</summary>
    public long NextDeadline { get; private set; } = Never;

    public ApicTimerMode Mode { get; private set; }

    public uint InitialCount
    {
        get => _initialCount;
        set
        {
            if (Mode == ApicTimerMode.TscDeadline)
            {
                return;
            }

            _initialCount = value;
            NextDeadline = value == 0 ? Never : Later(_clock.Nanoseconds, (long)value << DivideShift);
        }
    }

    public uint CurrentCount
    {
        get
        {
            if (Mode == ApicTimerMode.TscDeadline || NextDeadline == Never)
            {
                return 0;
            }

            long left = NextDeadline - _clock.Nanoseconds;
            if (left <= 0 && Mode == ApicTimerMode.OneShot)
            {
                return 0;
            }

            // A periodic count that the processor has not been told of yet has already been reloaded.
            long period = (long)_initialCount << DivideShift;
            left = left > 0 ? left : period - (-left % period);
            return (uint)((left + (1L << DivideShift) - 1) >> DivideShift);
        }
    }

    /// <summary>The divide configuration register: 0000 to 1010 in bits 3, 1 and 0, bit 2 zero.</summary>
    public uint DivideConfiguration
    {
        get => _divideConfiguration;
        set
        {
            uint count = CurrentCount;
            _divideConfiguration = value & 0xB;
            if (count != 0)
            {
                NextDeadline = Later(_clock.Nanoseconds, (long)count << DivideShift);
            }
        }
    }

    /// <summary>IA32_TSC_DEADLINE: reads zero when not armed; writes count in TSC-deadline mode only.</summary>
    public ulong TscDeadline
    {
        get => _tscDeadline;
        set
        {
            if (Mode == ApicTimerMode.TscDeadline)
            {
                _tscDeadline = value;
                ArmTscDeadline();
            }
        }
    }

    /// <summary>What the guest's TSC is ahead of the clock.</summary>
    public long TscOffset
    {
        get => _tscOffset;
        set
        {
            _tscOffset = value;
            if (Mode == ApicTimerMode.TscDeadline)
            {
                ArmTscDeadline();
            }
        }
    }

    // 111B divides by 1, 000B by 2, 110B by 128.
    private int DivideShift
    {
        get
        {
            uint code = (_divideConfiguration & 3) | ((_divideConfiguration >> 1) & 4);
            return (int)((code + 1) & 7);
        }
    }

    /// <summary>Sets the mode; moving into or out of TSC-deadline mode disarms (11.5.4.1).</summary>
    public void SetMode(ApicTimerMode mode)
    {
        if (mode == Mode)
        {
            return;
        }

        if (mode == ApicTimerMode.TscDeadline || Mode == ApicTimerMode.TscDeadline)
        {
            NextDeadline = Never;
            _tscDeadline = 0;
            _initialCount = 0;
        }

        Mode = mode;
    }

    /// <summary>True when it has fired by <paramref name="now"/>; then it stands at its next deadline. Periods that went by unseen count once.</summary>
    public bool Expire(long now)
    {
        if (now < NextDeadline)
        {
            return false;
        }

        if (Mode == ApicTimerMode.Periodic && _initialCount != 0)
        {
            long period = (long)_initialCount << DivideShift;
            NextDeadline = Later(NextDeadline, (((now - NextDeadline) / period) + 1) * period);
        }
        else
        {
            NextDeadline = Never;
            _tscDeadline = 0;
        }

        return true;
    }

    public void Reset()
    {
        Mode = ApicTimerMode.OneShot;
        NextDeadline = Never;
        _tscDeadline = 0;
        _initialCount = 0;
        _divideConfiguration = 0;
    }

    internal void Save(StateWriter writer)
    {
        writer.Int32((int)Mode);
        writer.Int64(NextDeadline);
        writer.Int64(_tscOffset);
        writer.UInt64(_tscDeadline);
        writer.UInt32(_initialCount);
        writer.UInt32(_divideConfiguration);
    }

    internal void Restore(StateReader reader)
    {
        Mode = (ApicTimerMode)reader.Int32(0, (int)ApicTimerMode.TscDeadline);
        NextDeadline = reader.Int64();
        _tscOffset = reader.Int64();
        _tscDeadline = reader.UInt64();
        _initialCount = reader.UInt32();
        _divideConfiguration = reader.UInt32() & 0xB;
    }

    private static long Later(long time, long by) => time > Never - 1 - by ? Never - 1 : time + by;

    private void ArmTscDeadline()
    {
        if (_tscDeadline == 0)
        {
            NextDeadline = Never;
            return;
        }

        // A deadline beyond what the clock can ever reach is armed but never fires.
        Int128 time = (Int128)_tscDeadline - _tscOffset;
        NextDeadline = time >= Never ? Never - 1 : time < 0 ? 0 : (long)time;
    }
}
