using System.Runtime.CompilerServices;
using Viaduct.Engines.Software.Decoding;
using Viaduct.Engines.Software.State;

namespace Viaduct.Engines.Software.Interpreter;

/// <summary>INC, DEC, NEG, NOT.</summary>
internal static unsafe class UnaryOperations
{
    private const ulong CarryBit = 1UL << 63;

    internal readonly struct Inc : IModify
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static ulong Compute<TWidth>(CpuState* s, Op* op, ulong value)
            where TWidth : IWidth
        {
            ulong carry = s->FlagCarry & CarryBit;
            ulong result = AluOperations.AddWithFlags<TWidth>(s, value, 1, 0);
            KeepCarry(s, carry);
            return result;
        }
    }

    internal readonly struct Dec : IModify
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static ulong Compute<TWidth>(CpuState* s, Op* op, ulong value)
            where TWidth : IWidth
        {
            ulong carry = s->FlagCarry & CarryBit;
            ulong result = AluOperations.SubtractWithFlags<TWidth>(s, value, 1, 0);
            KeepCarry(s, carry);
            return result;
        }
    }

    internal readonly struct Neg : IModify
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static ulong Compute<TWidth>(CpuState* s, Op* op, ulong value)
            where TWidth : IWidth => AluOperations.SubtractWithFlags<TWidth>(s, 0, value, 0);
    }

    internal readonly struct Not : IModify
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static ulong Compute<TWidth>(CpuState* s, Op* op, ulong value)
            where TWidth : IWidth => ~value;
    }

    // OF is the difference of the two top carries: put the old CF on top and correct the next for it.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void KeepCarry(CpuState* s, ulong carry)
    {
        ulong overflow = (s->FlagCarry ^ (s->FlagCarry << 1)) & CarryBit;
        s->FlagCarry = carry | ((carry ^ overflow) >> 1);
    }
}
