using System.Runtime.Intrinsics;
using Viaduct.Engines.Software.Decoding;
using Viaduct.Engines.Software.FloatingPoint;
using Viaduct.Engines.Software.Interpreter;
using Viaduct.Engines.Software.State;

namespace Viaduct.Engines.Software.Vectors;

/// <summary>MMX instructions. MMX registers are numbers in the op; the operation is <see cref="Op.Link"/>.</summary>
internal static unsafe class MmxInstructions
{
    internal static Op* Binary<TSource>(SoftwareCpu cpu, CpuState* s, Op* op)
        where TSource : IMmxSource
    {
        if (!Availability.HasMmx(s))
        {
            return Availability.NoMmx(s, op);
        }

        if (!TSource.Load(cpu, s, op, out ulong value))
        {
            return Leave.Faulted(s, op);
        }

        s->X87.EnterMmx();
        ulong result = ((delegate*<ulong, ulong, ulong>)op->Link)(s->X87.ReadMmx(op->Destination), value);
        s->X87.WriteMmx(op->Destination, result);
        return op + 1;
    }

    /// <summary>Shifts by <see cref="Op.Extra"/>.</summary>
    internal static Op* ShiftImmediate(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        if (!Availability.HasMmx(s))
        {
            return Availability.NoMmx(s, op);
        }

        s->X87.EnterMmx();
        ulong result = ((delegate*<ulong, ulong, ulong>)op->Link)(s->X87.ReadMmx(op->Destination), op->Extra);
        s->X87.WriteMmx(op->Destination, result);
        return op + 1;
    }

    /// <summary>PSHUFW: <see cref="Op.Extra"/> is the order.</summary>
    internal static Op* Shuffle<TSource>(SoftwareCpu cpu, CpuState* s, Op* op)
        where TSource : IMmxSource
    {
        if (!Availability.HasMmx(s))
        {
            return Availability.NoMmx(s, op);
        }

        if (!TSource.Load(cpu, s, op, out ulong value))
        {
            return Leave.Faulted(s, op);
        }

        s->X87.EnterMmx();
        s->X87.WriteMmx(op->Destination, MmxInteger.PShufW(value, op->Extra));
        return op + 1;
    }

    /// <summary>MOVD and MOVQ to an MMX register.</summary>
    internal static Op* Load<TSource>(SoftwareCpu cpu, CpuState* s, Op* op)
        where TSource : IMmxSource
    {
        if (!Availability.HasMmx(s))
        {
            return Availability.NoMmx(s, op);
        }

        if (!TSource.Load(cpu, s, op, out ulong value))
        {
            return Leave.Faulted(s, op);
        }

        s->X87.EnterMmx();
        s->X87.WriteMmx(op->Destination, value);
        return op + 1;
    }

    /// <summary>MOVD, MOVQ and MOVNTQ to memory.</summary>
    internal static Op* Store<TWidth>(SoftwareCpu cpu, CpuState* s, Op* op)
        where TWidth : IWidth
    {
        if (!Availability.HasMmx(s))
        {
            return Availability.NoMmx(s, op);
        }

        // A store that changed code is done all the same.
        if (TWidth.Store(cpu, s, EffectiveAddress.Of(s, op), s->X87.ReadMmx(op->Source)))
        {
            s->X87.EnterMmx();
            return op + 1;
        }

        if (s->Exit == ExitReason.CodeModified)
        {
            s->X87.EnterMmx();
        }

        return Leave.StoreStopped(s, op);
    }

    /// <summary>MOVD and MOVQ to a general register.</summary>
    internal static Op* ToGeneral<TWidth>(SoftwareCpu cpu, CpuState* s, Op* op)
        where TWidth : IWidth
    {
        if (!Availability.HasMmx(s))
        {
            return Availability.NoMmx(s, op);
        }

        s->X87.EnterMmx();
        TWidth.WriteRegister((byte*)s + op->Destination, s->X87.ReadMmx(op->Source));
        return op + 1;
    }

    /// <summary>PMOVMSKB.</summary>
    internal static Op* ByteSigns(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        if (!Availability.HasMmx(s))
        {
            return Availability.NoMmx(s, op);
        }

        s->X87.EnterMmx();
        *(ulong*)((byte*)s + op->Destination) = MmxInteger.PMovMskB(s->X87.ReadMmx(op->Source));
        return op + 1;
    }

    /// <summary>PEXTRW: <see cref="Op.Extra"/> is the word.</summary>
    internal static Op* ExtractWord(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        if (!Availability.HasMmx(s))
        {
            return Availability.NoMmx(s, op);
        }

        s->X87.EnterMmx();
        *(ulong*)((byte*)s + op->Destination) = MmxInteger.PExtrW(s->X87.ReadMmx(op->Source), op->Extra);
        return op + 1;
    }

    /// <summary>PINSRW.</summary>
    internal static Op* InsertWord<TSource>(SoftwareCpu cpu, CpuState* s, Op* op)
        where TSource : IMmxSource
    {
        if (!Availability.HasMmx(s))
        {
            return Availability.NoMmx(s, op);
        }

        if (!TSource.Load(cpu, s, op, out ulong value))
        {
            return Leave.Faulted(s, op);
        }

        s->X87.EnterMmx();
        s->X87.WriteMmx(op->Destination, MmxInteger.PInsrW(s->X87.ReadMmx(op->Destination), (ushort)value, op->Extra));
        return op + 1;
    }

    /// <summary>MASKMOVQ.</summary>
    internal static Op* StoreMasked(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        if (!Availability.HasMmx(s))
        {
            return Availability.NoMmx(s, op);
        }

        Vector128<byte> bytes = Vector128.CreateScalar(s->X87.ReadMmx(op->Destination)).AsByte();
        uint mask = MmxInteger.PMovMskB(s->X87.ReadMmx(op->Source));

        // The x87 state changes even if the store faults, unlike at other stores.
        s->X87.EnterMmx();
        return SseMoves.StoreMasked(cpu, s, op, bytes, mask, 8) ? op + 1 : Leave.StoreStopped(s, op);
    }

    /// <summary>EMMS: as every MMX instruction it makes TOP zero; then all registers are empty.</summary>
    internal static Op* Empty(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        if (!Availability.HasMmx(s))
        {
            return Availability.NoMmx(s, op);
        }

        s->X87.EnterMmx();
        s->X87.LeaveMmx();
        return op + 1;
    }
}
