namespace Viaduct.Emulated.Power;

/// <summary>Bits of the reset control register (Intel ICH9 data sheet, 13.7.5) and of the PM1 registers (ACPI 6.5, 4.8.3).</summary>
internal static class Registers
{
    /// <summary>Reset control: a full reset instead of one of the processors alone.</summary>
    internal const byte SystemReset = 1 << 1;

    /// <summary>Reset control: going from 0 to 1 starts the reset.</summary>
    internal const byte ResetProcessor = 1 << 2;

    /// <summary>Reset control: with a power cycle.</summary>
    internal const byte FullReset = 1 << 3;

    internal const byte ResetWritable = SystemReset | ResetProcessor | FullReset;

    /// <summary>Offsets of the PM1 status, enable and control registers, two bytes each.</summary>
    internal const ulong EventStatus = 0;
    internal const int EventEnable = 2;
    internal const int Control = 4;

    /// <summary>PM1 enable: timer, global, power button, sleep button, clock.</summary>
    internal const int EventsKnown = (1 << 0) | (1 << 5) | (1 << 8) | (1 << 9) | (1 << 10);

    /// <summary>PM1 control: ACPI mode, always on.</summary>
    internal const int SciEnable = 1 << 0;

    /// <summary>PM1 control: the state to enter, 5 for soft-off.</summary>
    internal const int SleepType = 7 << 10;
    internal const int SoftOff = 5 << 10;

    /// <summary>PM1 control: enter the state; write only.</summary>
    internal const int SleepEnable = 1 << 13;
}
