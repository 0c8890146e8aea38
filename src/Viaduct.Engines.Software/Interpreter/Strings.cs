using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Viaduct.Engines.Software.Decoding;
using Viaduct.Engines.Software.Mmu;
using Viaduct.Engines.Software.Segmentation;
using Viaduct.Engines.Software.State;

namespace Viaduct.Engines.Software.Interpreter;

/// <summary>
/// MOVS, STOS, LODS, CMPS, SCAS, with and without a repeat prefix. Repeated moves and fills go a page at a time. The
/// source's segment is in the op's address flags, the destination's is ES. <see cref="Op.Extra"/> holds the repeat prefix,
/// <see cref="Op.Extra2"/> the address size in bits.
/// </summary>
internal static unsafe class Strings
{
    internal const byte RepeatEqual = 1;
    internal const byte RepeatNotEqual = 2;

    private const int Rax = 0;
    private const int Rcx = 1;
    private const int Rsi = 6;
    private const int Rdi = 7;

    internal static Op* Move<TWidth>(SoftwareCpu cpu, CpuState* s, Op* op)
        where TWidth : IWidth
    {
        if (op->Extra != 0 && Count(s, op) == 0)
        {
            return op + 1;
        }

        if (op->Extra != 0 && MayRun(s, op))
        {
            ulong moved = MoveRun<TWidth>(cpu, s, op, out bool faulted);
            if (faulted)
            {
                return Leave.Faulted(s, op);
            }

            if (moved != 0)
            {
                return Repeat(s, op, moved, TWidth.Bytes, moveSource: true, moveDestination: true);
            }
        }

        if (!TWidth.Load(cpu, s, SourceAddress(s, op), out ulong value))
        {
            return Leave.Faulted(s, op);
        }

        bool stored = TWidth.Store(cpu, s, DestinationAddress(s, op), value);
        return stored || s->Exit == ExitReason.CodeModified
            ? Step<TWidth>(s, op, stored, moveSource: true, moveDestination: true)
            : Leave.Faulted(s, op);
    }

    internal static Op* Fill<TWidth>(SoftwareCpu cpu, CpuState* s, Op* op)
        where TWidth : IWidth
    {
        if (op->Extra != 0 && Count(s, op) == 0)
        {
            return op + 1;
        }

        if (op->Extra != 0 && MayRun(s, op))
        {
            ulong filled = FillRun<TWidth>(cpu, s, op, out bool faulted);
            if (faulted)
            {
                return Leave.Faulted(s, op);
            }

            if (filled != 0)
            {
                return Repeat(s, op, filled, TWidth.Bytes, moveSource: false, moveDestination: true);
            }
        }

        bool stored = TWidth.Store(cpu, s, DestinationAddress(s, op), TWidth.Read((byte*)s));
        return stored || s->Exit == ExitReason.CodeModified
            ? Step<TWidth>(s, op, stored, moveSource: false, moveDestination: true)
            : Leave.Faulted(s, op);
    }

    internal static Op* Load<TWidth>(SoftwareCpu cpu, CpuState* s, Op* op)
        where TWidth : IWidth
    {
        if (op->Extra != 0 && Count(s, op) == 0)
        {
            return op + 1;
        }

        if (!TWidth.Load(cpu, s, SourceAddress(s, op), out ulong value))
        {
            return Leave.Faulted(s, op);
        }

        TWidth.WriteRegister((byte*)s, value);
        return Step<TWidth>(s, op, true, moveSource: true, moveDestination: false);
    }

    internal static Op* Compare<TWidth>(SoftwareCpu cpu, CpuState* s, Op* op)
        where TWidth : IWidth
    {
        do
        {
            if (op->Extra != 0 && Count(s, op) == 0)
            {
                return op + 1;
            }

            if (!TWidth.Load(cpu, s, SourceAddress(s, op), out ulong left)
                || !TWidth.Load(cpu, s, DestinationAddress(s, op), out ulong right))
            {
                return Leave.Faulted(s, op);
            }

            _ = AluOperations.SubtractWithFlags<TWidth>(s, left, right, 0);
            Advance(s, op, Rsi, TWidth.Bytes);
            Advance(s, op, Rdi, TWidth.Bytes);
        }
        while (Again(s, op));

        return Settle(s, op);
    }

    internal static Op* Scan<TWidth>(SoftwareCpu cpu, CpuState* s, Op* op)
        where TWidth : IWidth
    {
        do
        {
            if (op->Extra != 0 && Count(s, op) == 0)
            {
                return op + 1;
            }

            if (!TWidth.Load(cpu, s, DestinationAddress(s, op), out ulong right))
            {
                return Leave.Faulted(s, op);
            }

            _ = AluOperations.SubtractWithFlags<TWidth>(s, TWidth.Read((byte*)s), right, 0);
            Advance(s, op, Rdi, TWidth.Bytes);
        }
        while (Again(s, op));

        return Settle(s, op);
    }

    /// <summary>INS: <see cref="Op.Source"/> is unused; the port is DX, the privilege was checked by the caller.</summary>
    internal static ulong DestinationAddress(CpuState* s, Op* op)
    {
        ulong offset = AddressSized(s->Registers[Rdi], op);
        return s->Long64 ? offset : SegmentAccess.Linear(s, SegmentName.Es, (uint)offset, op->MemoryBytes, op->WritesMemory);
    }

    /// <summary>The address of the source, which is only read.</summary>
    internal static ulong SourceAddress(CpuState* s, Op* op)
    {
        ulong offset = AddressSized(s->Registers[Rsi], op);
        return s->Long64
            ? EffectiveAddress.Adjust(s, op->AddressFlags, offset)
            : SegmentAccess.Linear(s, op->AddressFlags >> 4, (uint)offset, op->MemoryBytes, write: false);
    }

    /// <summary>Moves RSI or RDI by one element in the direction that DF says.</summary>
    internal static void Advance(CpuState* s, Op* op, int register, int bytes) =>
        MoveBy(s, op, register, (s->FlagsOther & Rflags.Direction) == 0 ? bytes : -bytes);

    internal static ulong Count(CpuState* s, Op* op) => AddressSized(s->Registers[Rcx], op);

    /// <summary>Counts RCX down by one.</summary>
    internal static void CountDown(CpuState* s, Op* op) => MoveBy(s, op, Rcx, -1);

    private static ulong AddressSized(ulong value, Op* op) => op->Extra2 switch
    {
        64 => value,
        32 => (uint)value,
        _ => (ushort)value,
    };

    private static void MoveBy(CpuState* s, Op* op, int register, long by)
    {
        ulong value = s->Registers[register] + (ulong)by;
        s->Registers[register] = op->Extra2 switch
        {
            64 => value,
            32 => (uint)value,
            _ => (s->Registers[register] & ~0xFFFFUL) | (ushort)value,
        };
    }

    // One element is done: count it, and come back to this op unless it was the last or time is up.
    private static Op* Step<TWidth>(CpuState* s, Op* op, bool stored, bool moveSource, bool moveDestination)
        where TWidth : IWidth
    {
        if (moveSource)
        {
            Advance(s, op, Rsi, TWidth.Bytes);
        }

        if (moveDestination)
        {
            Advance(s, op, Rdi, TWidth.Bytes);
        }

        if (op->Extra == 0)
        {
            return stored ? op + 1 : Leave.After(s, op);
        }

        CountDown(s, op);
        if (stored)
        {
            return Settle(s, op, Count(s, op) != 0);
        }

        return Count(s, op) == 0 ? Leave.After(s, op) : Leave.Faulted(s, op);
    }

    private static Op* Repeat(CpuState* s, Op* op, ulong elements, int bytes, bool moveSource, bool moveDestination)
    {
        if (moveSource)
        {
            MoveBy(s, op, Rsi, (long)elements * bytes);
        }

        if (moveDestination)
        {
            MoveBy(s, op, Rdi, (long)elements * bytes);
        }

        MoveBy(s, op, Rcx, -(long)elements);
        return Settle(s, op, Count(s, op) != 0);
    }

    // Upwards, and not stepped: a trap comes after each element. Nor where a segment's limit or 64 KiB may be met.
    private static bool MayRun(CpuState* s, Op* op) => (s->FlagsOther & Rflags.Direction) == 0 && s->Limit != 0
        && (s->Long64 || (op->Extra2 == 32 && ((s->FlatSegments >> (op->AddressFlags >> 4)) & (s->FlatSegments >> SegmentName.Es) & 1) != 0));

    private static bool Again(CpuState* s, Op* op)
    {
        if (op->Extra == 0)
        {
            return false;
        }

        CountDown(s, op);
        return Count(s, op) != 0 && Flags.Zero(s) == (op->Extra == RepeatEqual) && s->Limit != 0;
    }

    private static Op* Settle(CpuState* s, Op* op) =>
        Settle(s, op, op->Extra != 0 && Count(s, op) != 0 && Flags.Zero(s) == (op->Extra == RepeatEqual));

    private static Op* Settle(CpuState* s, Op* op, bool more)
    {
        if (!more)
        {
            return op + 1;
        }

        if (s->Limit != 0)
        {
            return op;
        }

        // An interrupt may come between two elements: RIP stays at the instruction.
        s->Exit = ExitReason.Lookup;
        return Leave.Faulted(s, op);
    }

    private static ulong MoveRun<TWidth>(SoftwareCpu cpu, CpuState* s, Op* op, out bool faulted)
        where TWidth : IWidth
    {
        ulong from = SourceAddress(s, op);
        ulong to = DestinationAddress(s, op);
        ulong elements = Math.Min(Count(s, op), Math.Min(InPage(from), InPage(to)) / (ulong)TWidth.Bytes);
        faulted = false;
        if (elements == 0)
        {
            return 0;
        }

        byte* source = cpu.Memory.Run(from, Access.Read, out faulted);
        byte* destination = source == null ? null : cpu.Memory.Run(to, Access.Write, out faulted);
        if (destination == null)
        {
            return 0;
        }

        // A destination just above the source repeats a pattern when bytes go up one by one; a block copy wouldn't.
        ulong bytes = elements * (ulong)TWidth.Bytes;
        ulong distance = (ulong)(destination - source);
        if (distance != 0 && distance < bytes)
        {
            for (ulong i = 0; i < bytes; i += (ulong)TWidth.Bytes)
            {
                TWidth.Write(destination + i, TWidth.Read(source + i));
            }
        }
        else
        {
            Buffer.MemoryCopy(source, destination, bytes, bytes);
        }

        return elements;
    }

    private static ulong FillRun<TWidth>(SoftwareCpu cpu, CpuState* s, Op* op, out bool faulted)
        where TWidth : IWidth
    {
        ulong to = DestinationAddress(s, op);
        ulong elements = Math.Min(Count(s, op), InPage(to) / (ulong)TWidth.Bytes);
        faulted = false;
        if (elements == 0)
        {
            return 0;
        }

        byte* destination = cpu.Memory.Run(to, Access.Write, out faulted);
        if (destination == null)
        {
            return 0;
        }

        ulong value = TWidth.Read((byte*)s);
        if (TWidth.Bytes == 1 || value == 0)
        {
            NativeMemory.Fill(destination, (nuint)(elements * (ulong)TWidth.Bytes), (byte)value);
            return elements;
        }

        for (ulong i = 0; i < elements; i++)
        {
            TWidth.Write(destination + (i * (ulong)TWidth.Bytes), value);
        }

        return elements;
    }

    private static ulong InPage(ulong address) => 4096 - (address & 0xFFF);
}
