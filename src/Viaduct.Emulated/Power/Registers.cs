namespace Viaduct.Emulated.Power;

/// <summary>Bits of the reset control register (Intel ICH9 data sheet, 13.7.5) and of the sleep registers (ACPI 6.5, "Sleep Control and Status Registers").</summary>
internal static class Registers
{
    /// <summary>Reset control: a full reset instead of one of the processors alone.</summary>
    internal const byte SystemReset = 1 << 1;

    /// <summary>Reset control: going from 0 to 1 starts the reset.</summary>
    internal const byte ResetProcessor = 1 << 2;

    /// <summary>Reset control: with a power cycle.</summary>
    internal const byte FullReset = 1 << 3;

    internal const byte ResetWritable = SystemReset | ResetProcessor | FullReset;

    internal const ulong SleepControl = 0;

    /// <summary>Sleep control: enter the state; write only.</summary>
    internal const byte SleepEnable = 1 << 5;

    internal const int SleepTypeShift = 2;
    internal const byte SleepTypeMask = 7;
    internal const byte SoftOff = 5;
}
