using System.Runtime.CompilerServices;
using Viaduct.Engines.Software.Decoding;
using Viaduct.Engines.Software.State;

namespace Viaduct.Engines.Software.Interpreter;

/// <summary>Two-operand integer instructions in all their forms.</summary>
internal static unsafe class Alu
{
    internal static Op* RegisterRegister<TAlu, TWidth>(SoftwareCpu cpu, CpuState* s, Op* op)
        where TAlu : IAlu
        where TWidth : IWidth
    {
        byte* destination = (byte*)s + op->Destination;
        ulong result = TAlu.Compute<TWidth>(s, TWidth.Read(destination), TWidth.Read((byte*)s + op->Source));
        if (TAlu.Writes)
        {
            TWidth.WriteRegister(destination, result);
        }

        return op + 1;
    }

    internal static Op* RegisterImmediate<TAlu, TWidth>(SoftwareCpu cpu, CpuState* s, Op* op)
        where TAlu : IAlu
        where TWidth : IWidth
    {
        byte* destination = (byte*)s + op->Destination;
        ulong result = TAlu.Compute<TWidth>(s, TWidth.Read(destination), op->Immediate);
        if (TAlu.Writes)
        {
            TWidth.WriteRegister(destination, result);
        }

        return op + 1;
    }

    internal static Op* RegisterMemory<TAlu, TWidth>(SoftwareCpu cpu, CpuState* s, Op* op)
        where TAlu : IAlu
        where TWidth : IWidth
    {
        if (!TWidth.Load(cpu, s, EffectiveAddress.Of(s, op), out ulong right))
        {
            return Leave.Faulted(s, op);
        }

        byte* destination = (byte*)s + op->Destination;
        ulong result = TAlu.Compute<TWidth>(s, TWidth.Read(destination), right);
        if (TAlu.Writes)
        {
            TWidth.WriteRegister(destination, result);
        }

        return op + 1;
    }

    internal static Op* MemoryRegister<TAlu, TWidth>(SoftwareCpu cpu, CpuState* s, Op* op)
        where TAlu : IAlu
        where TWidth : IWidth => Memory<TAlu, TWidth>(cpu, s, op, TWidth.Read((byte*)s + op->Source));

    internal static Op* MemoryImmediate<TAlu, TWidth>(SoftwareCpu cpu, CpuState* s, Op* op)
        where TAlu : IAlu
        where TWidth : IWidth => Memory<TAlu, TWidth>(cpu, s, op, op->Immediate);

    internal static Op* LockedMemoryRegister<TAlu, TWidth>(SoftwareCpu cpu, CpuState* s, Op* op)
        where TAlu : IAlu
        where TWidth : IWidth => Locked<TAlu, TWidth>(cpu, s, op, TWidth.Read((byte*)s + op->Source));

    internal static Op* LockedMemoryImmediate<TAlu, TWidth>(SoftwareCpu cpu, CpuState* s, Op* op)
        where TAlu : IAlu
        where TWidth : IWidth => Locked<TAlu, TWidth>(cpu, s, op, op->Immediate);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Op* Memory<TAlu, TWidth>(SoftwareCpu cpu, CpuState* s, Op* op, ulong right)
        where TAlu : IAlu
        where TWidth : IWidth
    {
        ulong address = EffectiveAddress.Of(s, op);
        if (!TAlu.Writes)
        {
            if (!TWidth.Load(cpu, s, address, out ulong left))
            {
                return Leave.Faulted(s, op);
            }

            _ = TAlu.Compute<TWidth>(s, left, right);
            return op + 1;
        }

        byte* place = Guest.InPlace(s, address, TWidth.Bytes);
        if (place != null)
        {
            TWidth.Write(place, TAlu.Compute<TWidth>(s, TWidth.Read(place), right));
            return op + 1;
        }

        return MemorySlow<TAlu, TWidth>(cpu, s, op, address, right);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Op* MemorySlow<TAlu, TWidth>(SoftwareCpu cpu, CpuState* s, Op* op, ulong address, ulong right)
        where TAlu : IAlu
        where TWidth : IWidth
    {
        if (!cpu.Memory.ProbeWrite(address, TWidth.Bytes) || !TWidth.Load(cpu, s, address, out ulong left))
        {
            return Leave.Faulted(s, op);
        }

        return TWidth.Store(cpu, s, address, TAlu.Compute<TWidth>(s, left, right)) ? op + 1 : Leave.StoreStopped(s, op);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Op* Locked<TAlu, TWidth>(SoftwareCpu cpu, CpuState* s, Op* op, ulong right)
        where TAlu : IAlu
        where TWidth : IWidth
    {
        ulong address = EffectiveAddress.Of(s, op);
        byte* place = Guest.InPlace(s, address, TWidth.Bytes);
        bool inline = place != null;
        if (!inline && (place = cpu.Memory.BeginLocked(address, TWidth.Bytes)) == null)
        {
            return MemorySlow<TAlu, TWidth>(cpu, s, op, address, right);
        }

        // ADC and SBB take the carry that stood before the first try.
        ulong carry = s->FlagCarry;
        while (true)
        {
            ulong left = TWidth.Read(place);
            s->FlagCarry = carry;
            if (TWidth.TryExchange(place, left, TAlu.Compute<TWidth>(s, left, right)))
            {
                return inline || cpu.Memory.EndLocked() ? op + 1 : Leave.StoreStopped(s, op);
            }
        }
    }
}
