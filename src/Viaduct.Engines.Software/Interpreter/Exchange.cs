using System.Runtime.CompilerServices;
using Viaduct.Engines.Software.Decoding;
using Viaduct.Engines.Software.State;

namespace Viaduct.Engines.Software.Interpreter;

/// <summary>XCHG, XADD, CMPXCHG, CMPXCHG8B, CMPXCHG16B. In memory all of them are carried out atomically, with LOCK or without.</summary>
internal static unsafe class Exchange
{
    internal static Op* RegisterRegister<TWidth>(SoftwareCpu cpu, CpuState* s, Op* op)
        where TWidth : IWidth
    {
        byte* left = (byte*)s + op->Destination;
        byte* right = (byte*)s + op->Source;
        ulong value = TWidth.Read(left);
        TWidth.WriteRegister(left, TWidth.Read(right));
        TWidth.WriteRegister(right, value);
        return op + 1;
    }

    internal static Op* MemoryRegister<TWidth>(SoftwareCpu cpu, CpuState* s, Op* op)
        where TWidth : IWidth
    {
        byte* register = (byte*)s + op->Source;
        ulong address = EffectiveAddress.Of(s, op);
        ulong value = TWidth.Read(register);
        if (!TryExchange<TWidth>(cpu, s, address, value, out ulong before))
        {
            if (s->Exit == ExitReason.CodeModified)
            {
                TWidth.WriteRegister(register, before);
            }

            return Leave.StoreStopped(s, op);
        }

        TWidth.WriteRegister(register, before);
        return op + 1;
    }

    internal static Op* AddRegister<TWidth>(SoftwareCpu cpu, CpuState* s, Op* op)
        where TWidth : IWidth
    {
        byte* left = (byte*)s + op->Destination;
        byte* right = (byte*)s + op->Source;
        ulong value = TWidth.Read(left);
        ulong sum = AluOperations.AddWithFlags<TWidth>(s, value, TWidth.Read(right), 0);
        TWidth.WriteRegister(right, value);
        TWidth.WriteRegister(left, sum);
        return op + 1;
    }

    internal static Op* AddMemory<TWidth>(SoftwareCpu cpu, CpuState* s, Op* op)
        where TWidth : IWidth
    {
        byte* register = (byte*)s + op->Source;
        ulong right = TWidth.Read(register);
        ulong address = EffectiveAddress.Of(s, op);
        byte* place = Guest.InPlace(s, address, TWidth.Bytes);
        bool inline = place != null;
        ulong before;
        if (inline || (place = cpu.Memory.BeginLocked(address, TWidth.Bytes)) != null)
        {
            do
            {
                before = TWidth.Read(place);
            }
            while (!TWidth.TryExchange(place, before, before + right));

            if (!inline && !cpu.Memory.EndLocked())
            {
                _ = AluOperations.AddWithFlags<TWidth>(s, before, right, 0);
                TWidth.WriteRegister(register, before);
                return Leave.StoreStopped(s, op);
            }
        }
        else
        {
            if (!cpu.Memory.ProbeWrite(address, TWidth.Bytes) || !TWidth.Load(cpu, s, address, out before))
            {
                return Leave.Faulted(s, op);
            }

            if (!TWidth.Store(cpu, s, address, before + right))
            {
                _ = AluOperations.AddWithFlags<TWidth>(s, before, right, 0);
                TWidth.WriteRegister(register, before);
                return Leave.StoreStopped(s, op);
            }
        }

        _ = AluOperations.AddWithFlags<TWidth>(s, before, right, 0);
        TWidth.WriteRegister(register, before);
        return op + 1;
    }

    internal static Op* CompareRegister<TWidth>(SoftwareCpu cpu, CpuState* s, Op* op)
        where TWidth : IWidth
    {
        byte* destination = (byte*)s + op->Destination;
        ulong value = TWidth.Read(destination);
        ulong accumulator = TWidth.Read((byte*)s);
        _ = AluOperations.SubtractWithFlags<TWidth>(s, accumulator, value, 0);
        if (accumulator == value)
        {
            TWidth.WriteRegister(destination, TWidth.Read((byte*)s + op->Source));
        }
        else
        {
            TWidth.WriteRegister((byte*)s, value);
        }

        return op + 1;
    }

    internal static Op* CompareMemory<TWidth>(SoftwareCpu cpu, CpuState* s, Op* op)
        where TWidth : IWidth
    {
        ulong address = EffectiveAddress.Of(s, op);
        ulong accumulator = TWidth.Read((byte*)s);
        ulong source = TWidth.Read((byte*)s + op->Source);
        byte* place = Guest.InPlace(s, address, TWidth.Bytes);
        bool inline = place != null;
        if (!inline && (place = cpu.Memory.BeginLocked(address, TWidth.Bytes)) == null)
        {
            return CompareMemorySlow<TWidth>(cpu, s, op, address);
        }

        ulong value;
        do
        {
            value = TWidth.Read(place);
        }
        while (!TWidth.TryExchange(place, value, value == accumulator ? source : value));

        _ = AluOperations.SubtractWithFlags<TWidth>(s, accumulator, value, 0);
        if (value != accumulator)
        {
            TWidth.WriteRegister((byte*)s, value);
        }

        return inline || cpu.Memory.EndLocked() ? op + 1 : Leave.StoreStopped(s, op);
    }

    internal static Op* Compare8Bytes(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        ulong address = EffectiveAddress.Of(s, op);
        ulong expected = (s->Registers[2] << 32) | (uint)s->Registers[0];
        ulong replacement = (s->Registers[1 + 0] << 32) | (uint)s->Registers[3];
        byte* place = Guest.InPlace(s, address, 8);
        bool inline = place != null;
        ulong before;
        bool stopped = false;
        if (inline || (place = cpu.Memory.BeginLocked(address, 8)) != null)
        {
            do
            {
                before = W64.Read(place);
            }
            while (!W64.TryExchange(place, before, before == expected ? replacement : before));

            stopped = !inline && !cpu.Memory.EndLocked();
        }
        else
        {
            if (!cpu.Memory.ProbeWrite(address, 8) || !Guest.Load(cpu, s, address, out before))
            {
                return Leave.Faulted(s, op);
            }

            stopped = !Guest.Store(cpu, s, address, before == expected ? replacement : before);
        }

        Flags.SetZero(s, before == expected);
        if (before != expected)
        {
            s->Registers[0] = (uint)before;
            s->Registers[2] = before >> 32;
        }

        return stopped ? Leave.StoreStopped(s, op) : op + 1;
    }

    internal static Op* Compare16Bytes(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        ulong address = EffectiveAddress.Of(s, op);
        if ((address & 15) != 0)
        {
            return Leave.Misaligned(s, op, address);
        }

        UInt128 expected = new(s->Registers[2], s->Registers[0]);
        UInt128 replacement = new(s->Registers[1], s->Registers[3]);
        byte* place = Guest.InPlace(s, address, 16);
        bool inline = place != null;
        UInt128 before;
        bool stopped = false;
        if (inline || (place = cpu.Memory.BeginLocked(address, 16)) != null)
        {
            before = cpu.Memory.ExchangeWide(place, expected, replacement);
            stopped = !inline && !cpu.Memory.EndLocked();
        }
        else
        {
            if (!cpu.Memory.ProbeWrite(address, 16) || !Guest.Load(cpu, s, address, out before))
            {
                return Leave.Faulted(s, op);
            }

            stopped = !Guest.Store(cpu, s, address, before == expected ? replacement : before);
        }

        Flags.SetZero(s, before == expected);
        if (before != expected)
        {
            s->Registers[0] = (ulong)before;
            s->Registers[2] = (ulong)(before >> 64);
        }

        return stopped ? Leave.StoreStopped(s, op) : op + 1;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Op* CompareMemorySlow<TWidth>(SoftwareCpu cpu, CpuState* s, Op* op, ulong address)
        where TWidth : IWidth
    {
        if (!cpu.Memory.ProbeWrite(address, TWidth.Bytes) || !TWidth.Load(cpu, s, address, out ulong value))
        {
            return Leave.Faulted(s, op);
        }

        ulong accumulator = TWidth.Read((byte*)s);
        bool equal = value == accumulator;
        bool stopped = !TWidth.Store(cpu, s, address, equal ? TWidth.Read((byte*)s + op->Source) : value);
        _ = AluOperations.SubtractWithFlags<TWidth>(s, accumulator, value, 0);
        if (!equal)
        {
            TWidth.WriteRegister((byte*)s, value);
        }

        return stopped ? Leave.StoreStopped(s, op) : op + 1;
    }

    private static bool TryExchange<TWidth>(SoftwareCpu cpu, CpuState* s, ulong address, ulong value, out ulong before)
        where TWidth : IWidth
    {
        byte* place = Guest.InPlace(s, address, TWidth.Bytes);
        bool inline = place != null;
        if (!inline && (place = cpu.Memory.BeginLocked(address, TWidth.Bytes)) == null)
        {
            before = 0;
            return cpu.Memory.ProbeWrite(address, TWidth.Bytes)
                && TWidth.Load(cpu, s, address, out before)
                && TWidth.Store(cpu, s, address, value);
        }

        do
        {
            before = TWidth.Read(place);
        }
        while (!TWidth.TryExchange(place, before, value));

        return inline || cpu.Memory.EndLocked();
    }
}
