using Viaduct.Engines.Software.Decoding;
using Viaduct.Engines.Software.State;

namespace Viaduct.Engines.Software.Interpreter;

/// <summary>MOV, MOVZX, MOVSX, LEA, CMOVcc, SETcc, XLAT and sign extensions of the accumulator.</summary>
internal static unsafe class Moves
{
    internal static Op* RegisterRegister<TWidth>(SoftwareCpu cpu, CpuState* s, Op* op)
        where TWidth : IWidth
    {
        TWidth.WriteRegister((byte*)s + op->Destination, TWidth.Read((byte*)s + op->Source));
        return op + 1;
    }

    internal static Op* RegisterImmediate<TWidth>(SoftwareCpu cpu, CpuState* s, Op* op)
        where TWidth : IWidth
    {
        TWidth.WriteRegister((byte*)s + op->Destination, op->Immediate);
        return op + 1;
    }

    internal static Op* RegisterMemory<TWidth>(SoftwareCpu cpu, CpuState* s, Op* op)
        where TWidth : IWidth
    {
        if (!TWidth.Load(cpu, s, EffectiveAddress.Of(s, op), out ulong value))
        {
            return Leave.Faulted(s, op);
        }

        TWidth.WriteRegister((byte*)s + op->Destination, value);
        return op + 1;
    }

    internal static Op* MemoryRegister<TWidth>(SoftwareCpu cpu, CpuState* s, Op* op)
        where TWidth : IWidth =>
        TWidth.Store(cpu, s, EffectiveAddress.Of(s, op), TWidth.Read((byte*)s + op->Source))
            ? op + 1
            : Leave.StoreStopped(s, op);

    internal static Op* MemoryImmediate<TWidth>(SoftwareCpu cpu, CpuState* s, Op* op)
        where TWidth : IWidth =>
        TWidth.Store(cpu, s, EffectiveAddress.Of(s, op), op->Immediate) ? op + 1 : Leave.StoreStopped(s, op);

    internal static Op* ZeroExtendRegister<TTo, TFrom>(SoftwareCpu cpu, CpuState* s, Op* op)
        where TTo : IWidth
        where TFrom : IWidth
    {
        TTo.WriteRegister((byte*)s + op->Destination, TFrom.Read((byte*)s + op->Source));
        return op + 1;
    }

    internal static Op* ZeroExtendMemory<TTo, TFrom>(SoftwareCpu cpu, CpuState* s, Op* op)
        where TTo : IWidth
        where TFrom : IWidth
    {
        if (!TFrom.Load(cpu, s, EffectiveAddress.Of(s, op), out ulong value))
        {
            return Leave.Faulted(s, op);
        }

        TTo.WriteRegister((byte*)s + op->Destination, value);
        return op + 1;
    }

    internal static Op* SignExtendRegister<TTo, TFrom>(SoftwareCpu cpu, CpuState* s, Op* op)
        where TTo : IWidth
        where TFrom : IWidth
    {
        TTo.WriteRegister((byte*)s + op->Destination, TFrom.SignExtend(TFrom.Read((byte*)s + op->Source)));
        return op + 1;
    }

    internal static Op* SignExtendMemory<TTo, TFrom>(SoftwareCpu cpu, CpuState* s, Op* op)
        where TTo : IWidth
        where TFrom : IWidth
    {
        if (!TFrom.Load(cpu, s, EffectiveAddress.Of(s, op), out ulong value))
        {
            return Leave.Faulted(s, op);
        }

        TTo.WriteRegister((byte*)s + op->Destination, TFrom.SignExtend(value));
        return op + 1;
    }

    internal static Op* Lea<TWidth>(SoftwareCpu cpu, CpuState* s, Op* op)
        where TWidth : IWidth
    {
        ulong offset = EffectiveAddress.OffsetOf(s, op);
        TWidth.WriteRegister((byte*)s + op->Destination, op->AddressFlags == 0 ? offset : EffectiveAddress.Adjust(s, op->AddressFlags, offset));
        return op + 1;
    }

    internal static Op* ConditionalRegister<TCondition, TWidth>(SoftwareCpu cpu, CpuState* s, Op* op)
        where TCondition : ICondition
        where TWidth : IWidth
    {
        byte* destination = (byte*)s + op->Destination;
        TWidth.WriteRegister(destination, TWidth.Read(TCondition.Holds(s) ? (byte*)s + op->Source : destination));
        return op + 1;
    }

    internal static Op* ConditionalMemory<TCondition, TWidth>(SoftwareCpu cpu, CpuState* s, Op* op)
        where TCondition : ICondition
        where TWidth : IWidth
    {
        // The load happens, and faults, whether or not the condition holds.
        if (!TWidth.Load(cpu, s, EffectiveAddress.Of(s, op), out ulong value))
        {
            return Leave.Faulted(s, op);
        }

        byte* destination = (byte*)s + op->Destination;
        TWidth.WriteRegister(destination, TCondition.Holds(s) ? value : TWidth.Read(destination));
        return op + 1;
    }

    internal static Op* SetRegister<TCondition>(SoftwareCpu cpu, CpuState* s, Op* op)
        where TCondition : ICondition
    {
        *((byte*)s + op->Destination) = TCondition.Holds(s) ? (byte)1 : (byte)0;
        return op + 1;
    }

    internal static Op* SetMemory<TCondition>(SoftwareCpu cpu, CpuState* s, Op* op)
        where TCondition : ICondition =>
        Guest.Store(cpu, s, EffectiveAddress.Of(s, op), TCondition.Holds(s) ? (byte)1 : (byte)0) ? op + 1 : Leave.StoreStopped(s, op);

    /// <summary>CBW, CWDE, CDQE.</summary>
    internal static Op* ExtendAccumulator<TTo, TFrom>(SoftwareCpu cpu, CpuState* s, Op* op)
        where TTo : IWidth
        where TFrom : IWidth
    {
        TTo.WriteRegister((byte*)s, TFrom.SignExtend(TFrom.Read((byte*)s)));
        return op + 1;
    }

    /// <summary>CWD, CDQ, CQO.</summary>
    internal static Op* ExtendIntoData<TWidth>(SoftwareCpu cpu, CpuState* s, Op* op)
        where TWidth : IWidth
    {
        TWidth.WriteRegister((byte*)(s->Registers + 2), (ulong)((long)TWidth.SignExtend(TWidth.Read((byte*)s)) >> 63));
        return op + 1;
    }

    internal static Op* TranslateTable(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        ulong offset = EffectiveAddress.OffsetOf(s, op) + (byte)s->Registers[0];
        if (!Guest.Load(cpu, s, EffectiveAddress.Of(s, op, offset), out byte value))
        {
            return Leave.Faulted(s, op);
        }

        *(byte*)s = value;
        return op + 1;
    }
}
