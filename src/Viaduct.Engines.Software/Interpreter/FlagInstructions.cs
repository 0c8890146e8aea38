using Viaduct.Engines.Software.Decoding;
using Viaduct.Engines.Software.State;

namespace Viaduct.Engines.Software.Interpreter;

/// <summary>CLC, STC, CMC, CLD, STD, LAHF, SAHF.</summary>
internal static unsafe class FlagInstructions
{
    internal static Op* ClearCarry(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        Flags.SetCarry(s, false);
        return op + 1;
    }

    internal static Op* SetCarry(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        Flags.SetCarry(s, true);
        return op + 1;
    }

    internal static Op* ComplementCarry(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        Flags.SetCarry(s, !Flags.Carry(s));
        return op + 1;
    }

    internal static Op* ClearDirection(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        s->FlagsOther &= ~Rflags.Direction;
        return op + 1;
    }

    internal static Op* SetDirection(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        s->FlagsOther |= Rflags.Direction;
        return op + 1;
    }

    internal static Op* LoadIntoAccumulator(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        *((byte*)s + 1) = (byte)Flags.Read(s);
        return op + 1;
    }

    internal static Op* StoreFromAccumulator(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        const uint FromAccumulator = Rflags.Carry | Rflags.Parity | Rflags.Adjust | Rflags.Zero | Rflags.Sign;
        Flags.Write(s, (*((byte*)s + 1) & FromAccumulator) | (Flags.Read(s) & Rflags.Overflow));
        return op + 1;
    }
}
