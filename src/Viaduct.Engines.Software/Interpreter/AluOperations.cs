using System.Runtime.CompilerServices;
using Viaduct.Engines.Software.State;

namespace Viaduct.Engines.Software.Interpreter;

/// <summary>The two-operand integer operations (Intel SDM vol. 2).</summary>
internal static unsafe class AluOperations
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static ulong AddWithFlags<TWidth>(CpuState* s, ulong left, ulong right, ulong carry)
        where TWidth : IWidth
    {
        ulong result = left + right + carry;
        s->FlagResult = TWidth.SignExtend(result);
        s->FlagCarry = ((left & right) | ((left | right) & ~result)) << (64 - TWidth.Bits);
        s->FlagAux = (uint)(left ^ right ^ result) & Rflags.Adjust;
        return result;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static ulong SubtractWithFlags<TWidth>(CpuState* s, ulong left, ulong right, ulong borrow)
        where TWidth : IWidth
    {
        ulong result = left - right - borrow;
        s->FlagResult = TWidth.SignExtend(result);
        s->FlagCarry = ((~left & right) | ((~left | right) & result)) << (64 - TWidth.Bits);
        s->FlagAux = (uint)(left ^ right ^ result) & Rflags.Adjust;
        return result;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static ulong LogicFlags<TWidth>(CpuState* s, ulong result)
        where TWidth : IWidth
    {
        s->FlagResult = TWidth.SignExtend(result);
        s->FlagCarry = 0;
        s->FlagAux = 0;
        return result;
    }

    internal readonly struct Add : IAlu
    {
        public static bool Writes => true;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static ulong Compute<TWidth>(CpuState* s, ulong left, ulong right)
            where TWidth : IWidth => AddWithFlags<TWidth>(s, left, right, 0);
    }

    internal readonly struct Adc : IAlu
    {
        public static bool Writes => true;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static ulong Compute<TWidth>(CpuState* s, ulong left, ulong right)
            where TWidth : IWidth => AddWithFlags<TWidth>(s, left, right, s->FlagCarry >> 63);
    }

    internal readonly struct Sub : IAlu
    {
        public static bool Writes => true;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static ulong Compute<TWidth>(CpuState* s, ulong left, ulong right)
            where TWidth : IWidth => SubtractWithFlags<TWidth>(s, left, right, 0);
    }

    internal readonly struct Sbb : IAlu
    {
        public static bool Writes => true;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static ulong Compute<TWidth>(CpuState* s, ulong left, ulong right)
            where TWidth : IWidth => SubtractWithFlags<TWidth>(s, left, right, s->FlagCarry >> 63);
    }

    internal readonly struct Cmp : IAlu
    {
        public static bool Writes => false;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static ulong Compute<TWidth>(CpuState* s, ulong left, ulong right)
            where TWidth : IWidth => SubtractWithFlags<TWidth>(s, left, right, 0);
    }

    internal readonly struct And : IAlu
    {
        public static bool Writes => true;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static ulong Compute<TWidth>(CpuState* s, ulong left, ulong right)
            where TWidth : IWidth => LogicFlags<TWidth>(s, left & right);
    }

    internal readonly struct Or : IAlu
    {
        public static bool Writes => true;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static ulong Compute<TWidth>(CpuState* s, ulong left, ulong right)
            where TWidth : IWidth => LogicFlags<TWidth>(s, left | right);
    }

    internal readonly struct Xor : IAlu
    {
        public static bool Writes => true;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static ulong Compute<TWidth>(CpuState* s, ulong left, ulong right)
            where TWidth : IWidth => LogicFlags<TWidth>(s, left ^ right);
    }

    internal readonly struct Test : IAlu
    {
        public static bool Writes => false;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static ulong Compute<TWidth>(CpuState* s, ulong left, ulong right)
            where TWidth : IWidth => LogicFlags<TWidth>(s, left & right);
    }
}
