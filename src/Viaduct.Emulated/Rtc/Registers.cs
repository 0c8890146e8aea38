namespace Viaduct.Emulated.Rtc;

/// <summary>The registers of an MC146818 (Motorola data sheet, "address map") by index, and the century's of PC-compatible machines.</summary>
internal static class Registers
{
    internal const int Seconds = 0x00;
    internal const int SecondsAlarm = 0x01;
    internal const int Minutes = 0x02;
    internal const int MinutesAlarm = 0x03;
    internal const int Hours = 0x04;
    internal const int HoursAlarm = 0x05;
    internal const int DayOfWeek = 0x06;
    internal const int DayOfMonth = 0x07;
    internal const int Month = 0x08;
    internal const int Year = 0x09;
    internal const int A = 0x0A;
    internal const int B = 0x0B;
    internal const int C = 0x0C;
    internal const int D = 0x0D;
    internal const int Century = 0x32;

    /// <summary>Registers and RAM together.</summary>
    internal const int Count = 0x80;

    /// <summary>An alarm register from here on matches every value.</summary>
    internal const byte AlarmDontCare = 0xC0;

    /// <summary>Register A: rate, divider, update in progress.</summary>
    internal static class StatusA
    {
        internal const byte Rate = 0x0F;
        internal const byte DividerReset = 0x60;
        internal const byte UpdateInProgress = 1 << 7;

        /// <summary>A crystal of 32,768 Hz and a periodic rate of 1,024 Hz, as PC firmware leaves it.</summary>
        internal const byte AfterFirmware = 0x26;
    }

    /// <summary>Register B: formats and interrupt enables. The enables are where <see cref="StatusC"/> has the flags.</summary>
    internal static class StatusB
    {
        internal const byte TwentyFourHours = 1 << 1;
        internal const byte Binary = 1 << 2;
        internal const byte SquareWave = 1 << 3;
        internal const byte UpdateInterrupt = 1 << 4;
        internal const byte AlarmInterrupt = 1 << 5;
        internal const byte PeriodicInterrupt = 1 << 6;
        internal const byte Set = 1 << 7;
    }

    /// <summary>Register C: what has happened since it was last read.</summary>
    internal static class StatusC
    {
        internal const byte Update = 1 << 4;
        internal const byte Alarm = 1 << 5;
        internal const byte Periodic = 1 << 6;
        internal const byte Request = 1 << 7;
        internal const byte Causes = Update | Alarm | Periodic;
    }

    /// <summary>Register D: the battery has not run out.</summary>
    internal const byte ValidRamAndTime = 1 << 7;
}
