namespace Viaduct.Emulated.Rtc;

/// <summary>How register B says that time is written: binary or BCD, hours to 12 or to 24.</summary>
internal readonly record struct ClockFormat(bool Binary, bool TwentyFourHours)
{
    private const byte Afternoon = 0x80;
    private const int LastYear = 9998;

    internal static ClockFormat Of(byte statusB) =>
        new((statusB & Registers.StatusB.Binary) != 0, (statusB & Registers.StatusB.TwentyFourHours) != 0);

    internal byte Encode(int value) => (byte)(Binary ? value : ((value / 10) << 4) | (value % 10));

    internal byte EncodeHour(int hour)
    {
        if (TwentyFourHours)
        {
            return Encode(hour);
        }

        int twelve = hour % 12 == 0 ? 12 : hour % 12;
        return (byte)(Encode(twelve) | (hour >= 12 ? Afternoon : 0));
    }

    /// <summary>The value of a time register, which is not an alarm's, at a time.</summary>
    internal byte Read(int register, DateTime time) => register switch
    {
        Registers.Seconds => Encode(time.Second),
        Registers.Minutes => Encode(time.Minute),
        Registers.Hours => EncodeHour(time.Hour),
        Registers.DayOfWeek => Encode((int)time.DayOfWeek + 1),
        Registers.DayOfMonth => Encode(time.Day),
        Registers.Month => Encode(time.Month),
        Registers.Year => Encode(time.Year % 100),
        _ => Encode(time.Year / 100),
    };

    /// <summary>The time that registers say. What is no date, as a guest may well write, becomes one near it.</summary>
    internal DateTime Decode(ReadOnlySpan<byte> registers)
    {
        int year = Math.Clamp((Decode(registers[Registers.Century]) * 100) + Decode(registers[Registers.Year]), 1, LastYear);
        int month = Math.Clamp(Decode(registers[Registers.Month]), 1, 12);
        int day = Math.Clamp(Decode(registers[Registers.DayOfMonth]), 1, DateTime.DaysInMonth(year, month));
        int minute = Math.Min(Decode(registers[Registers.Minutes]), 59);
        int second = Math.Min(Decode(registers[Registers.Seconds]), 59);
        return new DateTime(year, month, day, DecodeHour(registers[Registers.Hours]), minute, second, DateTimeKind.Utc);
    }

    private int Decode(byte value) => Binary ? value : ((value >> 4) * 10) + (value & 0xF);

    private int DecodeHour(byte value)
    {
        if (TwentyFourHours)
        {
            return Math.Min(Decode(value), 23);
        }

        int twelve = Math.Min(Decode((byte)(value & ~Afternoon)), 12) % 12;
        return twelve + ((value & Afternoon) != 0 ? 12 : 0);
    }
}
