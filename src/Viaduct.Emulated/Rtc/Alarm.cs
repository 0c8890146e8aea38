namespace Viaduct.Emulated.Rtc;

/// <summary>The alarm registers: a time of day in which each part may be left open.</summary>
/// <param name="Format">How they are written.</param>
/// <param name="Hour">As written.</param>
/// <param name="Minute">As written.</param>
/// <param name="Second">As written.</param>
internal readonly record struct Alarm(ClockFormat Format, byte Hour, byte Minute, byte Second)
{
    /// <summary>Hours, minutes and seconds that a search may have to step over before it has seen every one of each.</summary>
    private const int Steps = 25 + 61 + 61;

    /// <summary>The first second after a time at which it goes off; null when it never does, as with values that are no time.</summary>
    internal DateTime? NextAfter(DateTime time)
    {
        DateTime next = time.AddTicks(TimeSpan.TicksPerSecond - (time.Ticks % TimeSpan.TicksPerSecond));
        for (int i = 0; i < Steps; i++)
        {
            if (!Matches(Hour, Format.EncodeHour(next.Hour)))
            {
                next = next.AddTicks(TimeSpan.TicksPerHour - (next.Ticks % TimeSpan.TicksPerHour));
            }
            else if (!Matches(Minute, Format.Encode(next.Minute)))
            {
                next = next.AddTicks(TimeSpan.TicksPerMinute - (next.Ticks % TimeSpan.TicksPerMinute));
            }
            else if (!Matches(Second, Format.Encode(next.Second)))
            {
                next = next.AddSeconds(1);
            }
            else
            {
                return next;
            }
        }

        return null;
    }

    private static bool Matches(byte alarm, byte now) => alarm >= Registers.AlarmDontCare || alarm == now;
}
