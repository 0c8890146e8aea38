using System.Runtime.CompilerServices;
using Viaduct.Engines.Software.State;

namespace Viaduct.Engines.Software.Interpreter;

/// <summary>The sixteen conditions (Intel SDM vol. 1 appendix B).</summary>
internal static unsafe class Conditions
{
    internal readonly struct Overflow : ICondition
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static bool Holds(CpuState* s) => Flags.Overflow(s);
    }

    internal readonly struct NotOverflow : ICondition
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static bool Holds(CpuState* s) => !Flags.Overflow(s);
    }

    internal readonly struct Carry : ICondition
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static bool Holds(CpuState* s) => Flags.Carry(s);
    }

    internal readonly struct NotCarry : ICondition
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static bool Holds(CpuState* s) => !Flags.Carry(s);
    }

    internal readonly struct Zero : ICondition
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static bool Holds(CpuState* s) => Flags.Zero(s);
    }

    internal readonly struct NotZero : ICondition
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static bool Holds(CpuState* s) => !Flags.Zero(s);
    }

    internal readonly struct CarryOrZero : ICondition
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static bool Holds(CpuState* s) => Flags.Carry(s) || Flags.Zero(s);
    }

    internal readonly struct NotCarryOrZero : ICondition
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static bool Holds(CpuState* s) => !(Flags.Carry(s) || Flags.Zero(s));
    }

    internal readonly struct Sign : ICondition
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static bool Holds(CpuState* s) => Flags.Sign(s);
    }

    internal readonly struct NotSign : ICondition
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static bool Holds(CpuState* s) => !Flags.Sign(s);
    }

    internal readonly struct Parity : ICondition
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static bool Holds(CpuState* s) => Flags.Parity(s);
    }

    internal readonly struct NotParity : ICondition
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static bool Holds(CpuState* s) => !Flags.Parity(s);
    }

    internal readonly struct Less : ICondition
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static bool Holds(CpuState* s) => Flags.Sign(s) != Flags.Overflow(s);
    }

    internal readonly struct NotLess : ICondition
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static bool Holds(CpuState* s) => Flags.Sign(s) == Flags.Overflow(s);
    }

    internal readonly struct LessOrEqual : ICondition
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static bool Holds(CpuState* s) => Flags.Zero(s) || Flags.Sign(s) != Flags.Overflow(s);
    }

    internal readonly struct NotLessOrEqual : ICondition
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static bool Holds(CpuState* s) => !(Flags.Zero(s) || Flags.Sign(s) != Flags.Overflow(s));
    }
}
