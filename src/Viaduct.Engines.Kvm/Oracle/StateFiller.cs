namespace Viaduct.Engines.Kvm.Oracle;

/// <summary>Fills the state before a case: flags, SSE and FPU state, scratch memory.</summary>
internal static unsafe class StateFiller
{
    private const ushort DefaultControl = 0x037F;
    private const uint DefaultMxcsr = 0x1F80;

    public static void Fill(CaseRecord* record, CaseRandom random)
    {
        const ulong AlwaysSet = 0x202;
        const ulong Arithmetic = 0x8D5;
        const ulong Direction = 0x400;
        const ulong Identification = 0x20_0000;
        ulong flags = AlwaysSet | (random.Next() & Arithmetic);
        flags |= random.Percent(30) ? Direction : 0;
        flags |= random.Percent(10) ? Identification : 0;
        record->Before.Flags = flags;
        record->Before.Mxcsr = Mxcsr(random);
        FillX87(&record->Before, random);
        FillXmm(&record->Before, random);
        for (int i = 0; i < CaseRecord.ScratchLength; i += 8)
        {
            *(ulong*)(record->Scratch + i) = random.Next();
        }
    }

    /// <summary>SSE control and status: any rounding, seldom exceptions that aren't masked.</summary>
    public static uint Mxcsr(CaseRandom random)
    {
        if (random.Percent(40))
        {
            return DefaultMxcsr;
        }

        uint masks = random.Percent(80) ? 0x1F80 : (uint)random.Next() & 0x1F80;
        uint rounding = (uint)random.Below(4) << 13;
        uint flushes = random.Percent(25) ? (uint)random.Next() & 0x8040 : 0;
        uint seen = (uint)random.Next() & 0x3F;
        return masks | rounding | flushes | seen;
    }

    /// <summary>FPU control: any rounding and precision, seldom exceptions that aren't masked.</summary>
    public static ushort Fcw(CaseRandom random)
    {
        if (random.Percent(40))
        {
            return DefaultControl;
        }

        int masks = random.Percent(80) ? 0x3F : (int)random.Next() & 0x3F;
        int precision = random.Below(3) switch { 0 => 0, 1 => 2, _ => 3 } << 8;
        return (ushort)(0x40 | masks | precision | (random.Below(4) << 10));
    }

    /// <summary>Puts a number of less than a quarter into ST0.</summary>
    public static void MakeSmall(CaseRecord* record, CaseRandom random)
    {
        const int LessThanAQuarter = 0x3FFD;
        *(ulong*)record->Before.St |= 1UL << 63;
        *(ushort*)(record->Before.St + 8) = (ushort)((random.Below(2) << 15) | (LessThanAQuarter - 1 - random.Below(80)));
    }

    private static void FillX87(MachineState* state, CaseRandom random)
    {
        ushort control = Fcw(random);
        int conditions = (int)random.Next() & 0x4700;
        int top = random.Below(8) << 11;
        int seen = random.Percent(30) ? (int)random.Next() & 0x7F : 0;
        if (!random.Percent(5))
        {
            // An exception that waits makes the next FPU instruction nothing but #MF.
            seen &= control | 0x40;
        }

        // ES and B follow from the unmasked exceptions.
        int summary = (seen & ~control & 0x3F) != 0 ? 0x8080 : 0;
        state->Fcw = control;
        state->Fsw = (ushort)(conditions | top | seen | summary);
        state->Ftw = random.Percent(60) ? (byte)(0xFF & ~(1 << random.Below(8))) : (byte)random.Next();
        for (int i = 0; i < 8; i++)
        {
            (ulong significand, ushort signExponent) = random.Float80();
            *(ulong*)(state->St + (i * 16)) = significand;
            *(ushort*)(state->St + (i * 16) + 8) = signExponent;
        }
    }

    private static void FillXmm(MachineState* state, CaseRandom random)
    {
        int kind = random.Below(4);
        for (int i = 0; i < 32; i++)
        {
            state->Xmm[i] = kind switch
            {
                0 => random.Number(),
                1 => random.Next(),
                2 => random.Float32() | ((ulong)random.Float32() << 32),
                _ => random.Float64(),
            };
        }
    }
}
