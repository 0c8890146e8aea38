using System.Numerics;
using Viaduct.Engines.Software.Decoding;
using Viaduct.Engines.Software.State;

namespace Viaduct.Engines.Software.Interpreter;

/// <summary>Bit tests and scans, byte swaps and exchanges.</summary>
internal static unsafe class BitOperationsX86
{
    internal readonly struct BitSet : IModify
    {
        public static ulong Compute<TWidth>(CpuState* s, Op* op, ulong value)
            where TWidth : IWidth => value | Test<TWidth>(s, op, value);
    }

    internal readonly struct BitReset : IModify
    {
        public static ulong Compute<TWidth>(CpuState* s, Op* op, ulong value)
            where TWidth : IWidth => value & ~Test<TWidth>(s, op, value);
    }

    internal readonly struct BitComplement : IModify
    {
        public static ulong Compute<TWidth>(CpuState* s, Op* op, ulong value)
            where TWidth : IWidth => value ^ Test<TWidth>(s, op, value);
    }

    /// <summary>BT with a register's bit: nothing is written.</summary>
    internal static Op* TestRegister<TWidth>(SoftwareCpu cpu, CpuState* s, Op* op)
        where TWidth : IWidth
    {
        _ = Test<TWidth>(s, op, TWidth.Read((byte*)s + op->Destination));
        return op + 1;
    }

    /// <summary>BT with a bit in memory: nothing is written.</summary>
    internal static Op* TestMemory<TWidth>(SoftwareCpu cpu, CpuState* s, Op* op)
        where TWidth : IWidth
    {
        if (!TWidth.Load(cpu, s, BitAddress<TWidth>(s, op), out ulong value))
        {
            return Leave.Faulted(s, op);
        }

        _ = Test<TWidth>(s, op, value);
        return op + 1;
    }

    /// <summary>BTS, BTR, BTC on a bit string in memory.</summary>
    internal static Op* ModifyMemory<TModify, TWidth>(SoftwareCpu cpu, CpuState* s, Op* op)
        where TModify : IModify
        where TWidth : IWidth => Modify.At<TModify, TWidth>(cpu, s, op, BitAddress<TWidth>(s, op));

    /// <summary>BTS, BTR, BTC on a bit string in memory, under LOCK.</summary>
    internal static Op* LockedModifyMemory<TModify, TWidth>(SoftwareCpu cpu, CpuState* s, Op* op)
        where TModify : IModify
        where TWidth : IWidth => Modify.LockedAt<TModify, TWidth>(cpu, s, op, BitAddress<TWidth>(s, op));

    internal static Op* ScanForward<TWidth>(SoftwareCpu cpu, CpuState* s, Op* op)
        where TWidth : IWidth => Scan<TWidth>(cpu, s, op, forward: true);

    internal static Op* ScanReverse<TWidth>(SoftwareCpu cpu, CpuState* s, Op* op)
        where TWidth : IWidth => Scan<TWidth>(cpu, s, op, forward: false);

    // Undefined by the manual; processors clear the word, since they swap its zero-extension and keep the low half.
    internal static Op* Swap16(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        *(ushort*)((byte*)s + op->Destination) = 0;
        return op + 1;
    }

    internal static Op* Swap32(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        byte* register = (byte*)s + op->Destination;
        *(ulong*)register = System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(*(uint*)register);
        return op + 1;
    }

    internal static Op* Swap64(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        ulong* register = (ulong*)((byte*)s + op->Destination);
        *register = System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(*register);
        return op + 1;
    }

    // Puts the bit that the instruction names into CF; returns its mask.
    private static ulong Test<TWidth>(CpuState* s, Op* op, ulong value)
        where TWidth : IWidth
    {
        // Extra 2: the bit number is the immediate; otherwise a register.
        ulong number = op->Extra == 2 ? op->Immediate : TWidth.Read((byte*)s + op->Source);
        ulong bit = 1UL << (int)(number & (ulong)(TWidth.Bits - 1));
        Flags.SetCarry(s, (value & bit) != 0);
        return bit;
    }

    // A register's bit number reaches beyond the operand: it is signed and counts from the operand's address.
    private static ulong BitAddress<TWidth>(CpuState* s, Op* op)
        where TWidth : IWidth
    {
        if (op->Extra == 2)
        {
            return EffectiveAddress.Of(s, op);
        }

        long number = (long)TWidth.SignExtend(TWidth.Read((byte*)s + op->Source));
        long bytes = (number >> BitOperations.Log2((uint)TWidth.Bits)) * TWidth.Bytes;
        return EffectiveAddress.Of(s, op, EffectiveAddress.OffsetOf(s, op) + (ulong)bytes);
    }

    private static Op* Scan<TWidth>(SoftwareCpu cpu, CpuState* s, Op* op, bool forward)
        where TWidth : IWidth
    {
        ulong value;
        if (op->Extra == 1)
        {
            if (!TWidth.Load(cpu, s, EffectiveAddress.Of(s, op), out value))
            {
                return Leave.Faulted(s, op);
            }
        }
        else
        {
            value = TWidth.Read((byte*)s + op->Source);
        }

        if (value == 0)
        {
            // The destination keeps its value on all processors in use, though a 32-bit one loses its upper half on none.
            Flags.SetZero(s, true);
            return op + 1;
        }

        TWidth.WriteRegister((byte*)s + op->Destination, (ulong)(forward ? BitOperations.TrailingZeroCount(value) : BitOperations.Log2(value)));
        Flags.SetZero(s, false);
        return op + 1;
    }
}
