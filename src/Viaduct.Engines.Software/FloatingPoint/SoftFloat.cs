namespace Viaduct.Engines.Software.FloatingPoint;

/// <summary>
/// SSE arithmetic on single or double precision values, held in the low bits of a <c>ulong</c>, by integer operations
/// alone: every rounding mode, DAZ, FTZ, x86 NaN rules and exception flags (SDM vol. 1, 4.8, 4.9, 11.5, appendix D).
/// </summary>
internal static class SoftFloat<TFormat>
    where TFormat : struct, IBinaryFormat
{
    private static int Precision => TFormat.FractionBits + 1;

    private static int Bias => (1 << (TFormat.ExponentBits - 1)) - 1;

    private static int MaxExponent => (1 << TFormat.ExponentBits) - 1;

    private static ulong FractionMask => (1UL << TFormat.FractionBits) - 1;

    private static ulong SignBit => 1UL << (TFormat.FractionBits + TFormat.ExponentBits);

    private static ulong QuietBit => 1UL << (TFormat.FractionBits - 1);

    internal static ulong Infinity => (ulong)MaxExponent << TFormat.FractionBits;

    /// <summary>The QNaN that a masked invalid operation gives.</summary>
    internal static ulong Indefinite => SignBit | Infinity | QuietBit;

    internal static bool IsNaN(ulong value) => (value & ~SignBit) > Infinity;

    internal static bool IsSignaling(ulong value) => IsNaN(value) && (value & QuietBit) == 0;

    internal static bool IsInfinite(ulong value) => (value & ~SignBit) == Infinity;

    internal static bool IsZero(ulong value) => (value & ~SignBit) == 0;

    internal static bool IsDenormal(ulong value) => (value & ~SignBit) - 1 < FractionMask;

    private static bool IsNegative(ulong value) => (value & SignBit) != 0;

    /// <summary><c>a + b</c>, or <c>a − b</c> if <paramref name="subtract"/>.</summary>
    internal static ulong Add(ulong a, ulong b, bool subtract, ref FloatStatus status)
    {
        a = DenormalsToZero(a, in status);
        b = DenormalsToZero(b, in status);
        if (IsNaN(a) || IsNaN(b))
        {
            return PropagateNaN(a, b, ref status);
        }

        if (subtract)
        {
            b ^= SignBit;
        }

        if (IsInfinite(a) && IsInfinite(b) && a != b)
        {
            return Invalid(ref status);
        }

        NoteDenormals(a, b, ref status);
        if (IsInfinite(a) || IsInfinite(b))
        {
            return IsInfinite(a) ? a : b;
        }

        if (IsZero(a) && IsZero(b))
        {
            return a == b ? a : ZeroDifference(in status);
        }

        // A zero still goes through the rounding: the other operand may be denormal under flush to zero.
        if (IsZero(a) || IsZero(b))
        {
            return Pack(Unpack(IsZero(a) ? b : a), ref status);
        }

        return Unpacked.Add(Unpack(a), Unpack(b)) is { } sum ? Pack(sum, ref status) : ZeroDifference(in status);
    }

    internal static ulong Multiply(ulong a, ulong b, ref FloatStatus status)
    {
        a = DenormalsToZero(a, in status);
        b = DenormalsToZero(b, in status);
        if (IsNaN(a) || IsNaN(b))
        {
            return PropagateNaN(a, b, ref status);
        }

        if ((IsInfinite(a) && IsZero(b)) || (IsZero(a) && IsInfinite(b)))
        {
            return Invalid(ref status);
        }

        NoteDenormals(a, b, ref status);
        var sign = (a ^ b) & SignBit;
        if (IsInfinite(a) || IsInfinite(b))
        {
            return sign | Infinity;
        }

        return IsZero(a) || IsZero(b) ? sign : Pack(Unpacked.Multiply(Unpack(a), Unpack(b)), ref status);
    }

    internal static ulong Divide(ulong a, ulong b, ref FloatStatus status)
    {
        a = DenormalsToZero(a, in status);
        b = DenormalsToZero(b, in status);
        if (IsNaN(a) || IsNaN(b))
        {
            return PropagateNaN(a, b, ref status);
        }

        if ((IsInfinite(a) && IsInfinite(b)) || (IsZero(a) && IsZero(b)))
        {
            return Invalid(ref status);
        }

        var sign = (a ^ b) & SignBit;
        if (IsZero(b) && !IsInfinite(a))
        {
            status.Raise(FloatExceptions.ZeroDivide);
            return sign | Infinity;
        }

        NoteDenormals(a, b, ref status);
        if (IsInfinite(a))
        {
            return sign | Infinity;
        }

        return IsZero(a) || IsInfinite(b) ? sign : Pack(Unpacked.Divide(Unpack(a), Unpack(b)), ref status);
    }

    internal static ulong SquareRoot(ulong value, ref FloatStatus status)
    {
        value = DenormalsToZero(value, in status);
        if (IsNaN(value))
        {
            return PropagateNaN(value, value, ref status);
        }

        if (IsZero(value))
        {
            return value;
        }

        if (IsNegative(value))
        {
            return Invalid(ref status);
        }

        NoteDenormals(value, value, ref status);
        return IsInfinite(value) ? value : Pack(Unpacked.SquareRoot(Unpack(value)), ref status);
    }

    /// <summary>
    /// Compares. A SNaN is always invalid, a QNaN if <paramref name="quietIsInvalid"/> (COMISS, MINPS, CMPLTPS), too.
    /// </summary>
    internal static FloatRelation Compare(ulong a, ulong b, bool quietIsInvalid, ref FloatStatus status)
    {
        a = DenormalsToZero(a, in status);
        b = DenormalsToZero(b, in status);
        if (IsNaN(a) || IsNaN(b))
        {
            if (quietIsInvalid || IsSignaling(a) || IsSignaling(b))
            {
                status.Raise(FloatExceptions.Invalid);
            }

            return FloatRelation.Unordered;
        }

        NoteDenormals(a, b, ref status);
        var left = Order(a);
        var right = Order(b);
        return left == right ? FloatRelation.Equal : left < right ? FloatRelation.Less : FloatRelation.Greater;
    }

    /// <summary>MINPS and MAXPS: not commutative, the second operand wins for NaNs and for two zeroes.</summary>
    internal static ulong Select(ulong a, ulong b, FloatRelation wanted, ref FloatStatus status)
    {
        var relation = Compare(a, b, quietIsInvalid: true, ref status);
        return DenormalsToZero(relation == wanted ? a : b, in status);
    }

    /// <summary>Converts to <typeparamref name="TTarget"/>.</summary>
    internal static ulong ConvertTo<TTarget>(ulong value, ref FloatStatus status)
        where TTarget : struct, IBinaryFormat
    {
        value = DenormalsToZero(value, in status);
        var sign = IsNegative(value) ? SoftFloat<TTarget>.SignBit : 0;
        if (IsNaN(value))
        {
            if (IsSignaling(value))
            {
                status.Raise(FloatExceptions.Invalid);
            }

            var fraction = (value & FractionMask) << (63 - TFormat.FractionBits) >> (63 - TTarget.FractionBits);
            return sign | SoftFloat<TTarget>.Infinity | SoftFloat<TTarget>.QuietBit | fraction;
        }

        if (IsInfinite(value))
        {
            return sign | SoftFloat<TTarget>.Infinity;
        }

        NoteDenormals(value, value, ref status);
        return IsZero(value) ? sign : SoftFloat<TTarget>.Pack(Unpack(value), ref status);
    }

    internal static ulong FromInteger(long value, ref FloatStatus status)
    {
        if (value == 0)
        {
            return 0;
        }

        var magnitude = value < 0 ? 0UL - (ulong)value : (ulong)value;
        return Pack(Unpacked.FromInteger(value < 0, magnitude), ref status);
    }

    /// <summary>
    /// Rounds to a signed integer of <paramref name="bits"/> bits, sign-extended; invalid gives the integer indefinite,
    /// the most negative one. Denormals raise nothing but precision.
    /// </summary>
    internal static long ToInteger(ulong value, int bits, RoundingMode mode, ref FloatStatus status)
    {
        value = DenormalsToZero(value, in status);
        if (IsZero(value))
        {
            return 0;
        }

        if (!IsNaN(value) && !IsInfinite(value)
            && IntegerRounding.TryRound(Unpack(value), bits, mode, out var rounded, out var inexact, out _))
        {
            if (inexact)
            {
                status.Raise(FloatExceptions.Precision);
            }

            return rounded;
        }

        status.Raise(FloatExceptions.Invalid);
        return -1L << (bits - 1);
    }

    /// <summary>Rounds to the format and raises what that raises.</summary>
    internal static ulong Pack(in Unpacked value, ref FloatStatus status)
    {
        var sign = value.Negative ? SignBit : 0;
        var rounded = Rounded.To(value.Significand, Precision, value.Negative, status.Rounding);
        var exponent = value.Exponent + Bias + (rounded.Carry ? 1 : 0);
        if (exponent >= MaxExponent)
        {
            return Overflow(sign, rounded.Inexact, ref status);
        }

        if (exponent < 1)
        {
            return PackTiny(in value, sign, rounded.Inexact, ref status);
        }

        NoteRounding(in rounded, ref status);
        return sign | ((ulong)exponent << TFormat.FractionBits) | (rounded.Kept & FractionMask);
    }

    internal static Unpacked Unpack(ulong value)
    {
        var exponent = (int)((value & ~SignBit) >> TFormat.FractionBits);
        var fraction = value & FractionMask;
        return exponent == 0
            ? Unpacked.FromInteger(IsNegative(value), fraction, 1 - Bias - TFormat.FractionBits)
            : Unpacked.FromInteger(IsNegative(value), fraction | (FractionMask + 1), exponent - Bias - TFormat.FractionBits);
    }

    private static ulong Overflow(ulong sign, bool inexact, ref FloatStatus status)
    {
        status.Raise(FloatExceptions.Overflow);
        if (inexact || (status.Masks & FloatExceptions.Overflow) != 0)
        {
            status.Raise(FloatExceptions.Precision);
        }

        var toInfinity = status.Rounding switch
        {
            RoundingMode.Nearest => true,
            RoundingMode.Up => sign == 0,
            RoundingMode.Down => sign != 0,
            _ => false,
        };
        status.RoundedUp = toInfinity;
        return sign | (toInfinity ? Infinity : Infinity - 1);
    }

    // Tininess is judged after rounding with an unbounded exponent: the caller found the result below the normal range.
    private static ulong PackTiny(in Unpacked value, ulong sign, bool unboundedInexact, ref FloatStatus status)
    {
        if ((status.Masks & FloatExceptions.Underflow) == 0)
        {
            status.Raise(FloatExceptions.Underflow | (unboundedInexact ? FloatExceptions.Precision : FloatExceptions.None));
            return sign;
        }

        if (status.FlushToZero)
        {
            status.Raise(FloatExceptions.Underflow | FloatExceptions.Precision);
            return sign;
        }

        var shift = 1 - (value.Exponent + Bias);
        var significand = Unpacked.ShiftRightSticky(value.Significand, shift);
        var rounded = Rounded.To(significand, Precision, value.Negative, status.Rounding);
        if (rounded.Inexact)
        {
            status.Raise(FloatExceptions.Underflow);
        }

        NoteRounding(in rounded, ref status);
        return sign | rounded.Kept;
    }

    private static void NoteRounding(in Rounded rounded, ref FloatStatus status)
    {
        status.RoundedUp = rounded.Up;
        if (rounded.Inexact)
        {
            status.Raise(FloatExceptions.Precision);
        }
    }

    private static ulong DenormalsToZero(ulong value, in FloatStatus status) =>
        status.DenormalsAreZero && IsDenormal(value) ? value & SignBit : value;

    private static void NoteDenormals(ulong a, ulong b, ref FloatStatus status)
    {
        if (IsDenormal(a) || IsDenormal(b))
        {
            status.Raise(FloatExceptions.Denormal);
        }
    }

    // SDM vol. 1, table 4-7, the column for SSE: the first operand if it is a NaN, made quiet.
    private static ulong PropagateNaN(ulong a, ulong b, ref FloatStatus status)
    {
        if (IsSignaling(a) || IsSignaling(b))
        {
            status.Raise(FloatExceptions.Invalid);
        }

        return (IsNaN(a) ? a : b) | QuietBit;
    }

    private static ulong Invalid(ref FloatStatus status)
    {
        status.Raise(FloatExceptions.Invalid);
        return Indefinite;
    }

    private static ulong ZeroDifference(in FloatStatus status) =>
        status.Rounding == RoundingMode.Down ? SignBit : 0;

    // Both zeroes map to zero.
    private static long Order(ulong value)
    {
        var magnitude = (long)(value & ~SignBit);
        return IsNegative(value) ? -magnitude : magnitude;
    }
}
