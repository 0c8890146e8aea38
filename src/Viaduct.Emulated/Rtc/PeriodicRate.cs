namespace Viaduct.Emulated.Rtc;

/// <summary>The periodic tick that register A selects (data sheet, "register A"). Ticks are counted from the beginning of time, so that they fall on whole seconds.</summary>
internal readonly struct PeriodicRate
{
    private readonly long _hertz;

    /// <param name="statusA">Register A.</param>
    internal PeriodicRate(byte statusA) => _hertz = (statusA & Registers.StatusA.Rate) switch
    {
        0 => 0,
        1 => 256,
        2 => 128,
        int rate => 32768 >> (rate - 1),
    };

    internal bool IsOn => _hertz != 0;

    /// <summary>How many there have been until a time.</summary>
    internal long Count(long ticks) =>
        (ticks / TimeSpan.TicksPerSecond * _hertz) + (ticks % TimeSpan.TicksPerSecond * _hertz / TimeSpan.TicksPerSecond);

    /// <summary>When the next one is; the rate must be on.</summary>
    internal long NextAfter(long ticks)
    {
        long next = Count(ticks) + 1;
        long part = next % _hertz * TimeSpan.TicksPerSecond;
        return (next / _hertz * TimeSpan.TicksPerSecond) + ((part + _hertz - 1) / _hertz);
    }
}
