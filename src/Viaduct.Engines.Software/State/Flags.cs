using System.Numerics;
using System.Runtime.CompilerServices;

namespace Viaduct.Engines.Software.State;

/// <summary>
/// Arithmetic flags from the values that they follow from, and back. Most are overwritten before anything reads them,
/// so operations store three words and a reader works out the one flag that it needs.
/// </summary>
internal static unsafe class Flags
{
    private const uint SignFlip = 1u << 31;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool Carry(CpuState* s) => (long)s->FlagCarry < 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool Zero(CpuState* s) => s->FlagResult == 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool Sign(CpuState* s) => (long)(s->FlagResult ^ ((ulong)s->FlagAux << 32)) < 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool Overflow(CpuState* s) => (long)(s->FlagCarry ^ (s->FlagCarry << 1)) < 0;

    internal static bool Parity(CpuState* s) => (BitOperations.PopCount((byte)(s->FlagResult ^ (s->FlagAux >> 8))) & 1) == 0;

    /// <summary>Sets CF and OF, leaves the others.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void SetCarryOverflow(CpuState* s, bool carry, bool overflow) =>
        s->FlagCarry = (carry ? 1UL << 63 : 0) | (carry != overflow ? 1UL << 62 : 0);

    /// <summary>Sets CF, leaves the others.</summary>
    internal static void SetCarry(CpuState* s, bool carry) => SetCarryOverflow(s, carry, Overflow(s));

    /// <summary>Sets ZF, leaves the others.</summary>
    internal static void SetZero(CpuState* s, bool zero)
    {
        uint flags = Read(s) & ~Rflags.Zero;
        Write(s, flags | (zero ? Rflags.Zero : 0));
    }

    /// <summary>The whole of RFLAGS.</summary>
    internal static uint Read(CpuState* s) =>
        s->FlagsOther
        | Rflags.AlwaysOne
        | (Carry(s) ? Rflags.Carry : 0)
        | (Parity(s) ? Rflags.Parity : 0)
        | (s->FlagAux & Rflags.Adjust)
        | (Zero(s) ? Rflags.Zero : 0)
        | (Sign(s) ? Rflags.Sign : 0)
        | (Overflow(s) ? Rflags.Overflow : 0);

    /// <summary>Sets the arithmetic flags from an image of RFLAGS, leaves the others.</summary>
    internal static void Write(CpuState* s, uint flags)
    {
        SetCarryOverflow(s, (flags & Rflags.Carry) != 0, (flags & Rflags.Overflow) != 0);
        bool zero = (flags & Rflags.Zero) != 0;
        s->FlagResult = zero ? 0UL : 1UL;

        // A result of 0 has even parity, a result of 1 odd: flip a bit of PF's byte where the image says otherwise.
        bool parity = (flags & Rflags.Parity) != 0;
        s->FlagAux = (flags & Rflags.Adjust)
            | (parity != zero ? 1u << 8 : 0)
            | ((flags & Rflags.Sign) != 0 ? SignFlip : 0);
    }
}
