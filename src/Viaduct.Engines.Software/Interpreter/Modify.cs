using System.Runtime.CompilerServices;
using Viaduct.Engines.Software.Decoding;
using Viaduct.Engines.Software.State;

namespace Viaduct.Engines.Software.Interpreter;

/// <summary>Instructions that replace one operand: in a register, in memory, or in memory under LOCK.</summary>
internal static unsafe class Modify
{
    internal static Op* Register<TModify, TWidth>(SoftwareCpu cpu, CpuState* s, Op* op)
        where TModify : IModify
        where TWidth : IWidth
    {
        byte* destination = (byte*)s + op->Destination;
        TWidth.WriteRegister(destination, TModify.Compute<TWidth>(s, op, TWidth.Read(destination)));
        return op + 1;
    }

    internal static Op* Memory<TModify, TWidth>(SoftwareCpu cpu, CpuState* s, Op* op)
        where TModify : IModify
        where TWidth : IWidth => At<TModify, TWidth>(cpu, s, op, EffectiveAddress.Of(s, op));

    internal static Op* LockedMemory<TModify, TWidth>(SoftwareCpu cpu, CpuState* s, Op* op)
        where TModify : IModify
        where TWidth : IWidth => LockedAt<TModify, TWidth>(cpu, s, op, EffectiveAddress.Of(s, op));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Op* At<TModify, TWidth>(SoftwareCpu cpu, CpuState* s, Op* op, ulong address)
        where TModify : IModify
        where TWidth : IWidth
    {
        byte* place = Guest.InPlace(s, address, TWidth.Bytes);
        if (place != null)
        {
            TWidth.Write(place, TModify.Compute<TWidth>(s, op, TWidth.Read(place)));
            return op + 1;
        }

        return Slow<TModify, TWidth>(cpu, s, op, address);
    }

    internal static Op* LockedAt<TModify, TWidth>(SoftwareCpu cpu, CpuState* s, Op* op, ulong address)
        where TModify : IModify
        where TWidth : IWidth
    {
        byte* place = Guest.InPlace(s, address, TWidth.Bytes);
        bool inline = place != null;
        if (!inline && (place = cpu.Memory.BeginLocked(address, TWidth.Bytes)) == null)
        {
            return Slow<TModify, TWidth>(cpu, s, op, address);
        }

        // Flags that the operation keeps must come from before the first try.
        (ulong result, ulong carry, uint aux) = (s->FlagResult, s->FlagCarry, s->FlagAux);
        while (true)
        {
            ulong value = TWidth.Read(place);
            (s->FlagResult, s->FlagCarry, s->FlagAux) = (result, carry, aux);
            if (TWidth.TryExchange(place, value, TModify.Compute<TWidth>(s, op, value)))
            {
                return inline || cpu.Memory.EndLocked() ? op + 1 : Leave.StoreStopped(s, op);
            }
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Op* Slow<TModify, TWidth>(SoftwareCpu cpu, CpuState* s, Op* op, ulong address)
        where TModify : IModify
        where TWidth : IWidth
    {
        if (!cpu.Memory.ProbeWrite(address, TWidth.Bytes) || !TWidth.Load(cpu, s, address, out ulong value))
        {
            return Leave.Faulted(s, op);
        }

        return TWidth.Store(cpu, s, address, TModify.Compute<TWidth>(s, op, value)) ? op + 1 : Leave.StoreStopped(s, op);
    }
}
