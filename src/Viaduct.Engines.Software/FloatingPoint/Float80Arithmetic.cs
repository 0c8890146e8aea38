namespace Viaduct.Engines.Software.FloatingPoint;

/// <summary>x87 arithmetic under a precision control of 24, 53 or 64 bits.</summary>
internal static class Float80Arithmetic
{
    /// <summary><c>a + b</c>, or <c>a − b</c> if <paramref name="subtract"/>.</summary>
    internal static Float80 Add(Float80 a, Float80 b, bool subtract, int precision, ref FloatStatus status)
    {
        if (Float80Operands.AreSpecial(a, b, ref status, out var result))
        {
            return result;
        }

        if (subtract)
        {
            b = b.Negated();
        }

        if (a.IsInfinite && b.IsInfinite && a != b)
        {
            return Float80Operands.Invalid(ref status);
        }

        Float80Operands.NoteDenormals(a, b, ref status);
        if (a.IsInfinite || b.IsInfinite)
        {
            return a.IsInfinite ? a : b;
        }

        if (a.IsZero && b.IsZero)
        {
            return a == b ? a : ZeroDifference(in status);
        }

        if (a.IsZero || b.IsZero)
        {
            return Float80Rounding.Pack((a.IsZero ? b : a).Unpack(), precision, ref status);
        }

        return Unpacked.Add(a.Unpack(), b.Unpack()) is { } sum
            ? Float80Rounding.Pack(sum, precision, ref status)
            : ZeroDifference(in status);
    }

    internal static Float80 Multiply(Float80 a, Float80 b, int precision, ref FloatStatus status)
    {
        if (Float80Operands.AreSpecial(a, b, ref status, out var result))
        {
            return result;
        }

        if ((a.IsInfinite && b.IsZero) || (a.IsZero && b.IsInfinite))
        {
            return Float80Operands.Invalid(ref status);
        }

        Float80Operands.NoteDenormals(a, b, ref status);
        var negative = a.IsNegative ^ b.IsNegative;
        if (a.IsInfinite || b.IsInfinite)
        {
            return Float80.Infinity(negative);
        }

        return a.IsZero || b.IsZero
            ? Float80.Zero(negative)
            : Float80Rounding.Pack(Unpacked.Multiply(a.Unpack(), b.Unpack()), precision, ref status);
    }

    internal static Float80 Divide(Float80 a, Float80 b, int precision, ref FloatStatus status)
    {
        if (Float80Operands.AreSpecial(a, b, ref status, out var result))
        {
            return result;
        }

        if ((a.IsInfinite && b.IsInfinite) || (a.IsZero && b.IsZero))
        {
            return Float80Operands.Invalid(ref status);
        }

        var negative = a.IsNegative ^ b.IsNegative;
        if (b.IsZero && !a.IsInfinite)
        {
            status.Raise(FloatExceptions.ZeroDivide);
            return Float80.Infinity(negative);
        }

        Float80Operands.NoteDenormals(a, b, ref status);
        if (a.IsInfinite)
        {
            return Float80.Infinity(negative);
        }

        return a.IsZero || b.IsInfinite
            ? Float80.Zero(negative)
            : Float80Rounding.Pack(Unpacked.Divide(a.Unpack(), b.Unpack()), precision, ref status);
    }

    internal static Float80 SquareRoot(Float80 value, int precision, ref FloatStatus status)
    {
        if (Float80Operands.IsSpecial(value, ref status, out var result))
        {
            return result;
        }

        if (value.IsZero)
        {
            return value;
        }

        if (value.IsNegative)
        {
            return Float80Operands.Invalid(ref status);
        }

        Float80Operands.NoteDenormals(value, value, ref status);
        return value.IsInfinite
            ? value
            : Float80Rounding.Pack(Unpacked.SquareRoot(value.Unpack()), precision, ref status);
    }

    /// <summary>FRNDINT: to an integer in the current rounding mode.</summary>
    internal static Float80 RoundToInteger(Float80 value, ref FloatStatus status)
    {
        if (Float80Operands.IsSpecial(value, ref status, out var result))
        {
            return result;
        }

        Float80Operands.NoteDenormals(value, value, ref status);
        if (value.IsZero || value.Exponent >= Float80.Bias + 63)
        {
            return value;
        }

        var unpacked = value.Unpack();
        var significand = Unpacked.ShiftRightSticky(unpacked.Significand, 63 - unpacked.Exponent);
        var cut = Rounded.To(significand, 64, value.IsNegative, status.Rounding);
        var rounded = cut.Kept == 0
            ? Float80.Zero(value.IsNegative)
            : Float80Rounding.Pack(Unpacked.FromInteger(value.IsNegative, cut.Kept), 64, ref status);
        status.RoundedUp = cut.Up;
        if (cut.Inexact)
        {
            status.Raise(FloatExceptions.Precision);
        }

        return rounded;
    }

    /// <summary>FSCALE: <c>a × 2^trunc(b)</c>.</summary>
    internal static Float80 Scale(Float80 a, Float80 b, ref FloatStatus status)
    {
        if (Float80Operands.AreSpecial(a, b, ref status, out var result))
        {
            return result;
        }

        if (b.IsInfinite && (b.IsNegative ? a.IsInfinite : a.IsZero))
        {
            return Float80Operands.Invalid(ref status);
        }

        Float80Operands.NoteDenormals(a, b, ref status);
        if (b.IsInfinite && !a.IsInfinite)
        {
            return b.IsNegative ? Float80.Zero(a.IsNegative) : Float80.Infinity(a.IsNegative);
        }

        if (a.IsInfinite || a.IsZero)
        {
            return a;
        }

        // Anything past 2^16 takes every number out of range.
        var unpacked = a.Unpack();
        var scale = b.Exponent < Float80.Bias ? 0
            : b.Exponent > Float80.Bias + 16 ? 1 << 17
            : (int)(b.Significand >> (63 - (b.Exponent - Float80.Bias)));
        var scaled = unpacked with { Exponent = unpacked.Exponent + (b.IsNegative ? -scale : scale) };
        return Float80Rounding.Pack(scaled, 64, ref status);
    }

    /// <summary>FXTRACT: the exponent as a number, and the significand with a true exponent of zero.</summary>
    internal static Float80 Extract(Float80 value, ref FloatStatus status, out Float80 significand)
    {
        if (Float80Operands.IsSpecial(value, ref status, out significand))
        {
            return significand;
        }

        significand = value;
        if (value.IsInfinite)
        {
            return Float80.Infinity(false);
        }

        if (value.IsZero)
        {
            status.Raise(FloatExceptions.ZeroDivide);
            return Float80.Infinity(true);
        }

        Float80Operands.NoteDenormals(value, value, ref status);
        var unpacked = value.Unpack();
        significand = new Float80(value.IsNegative, Float80.Bias, (ulong)(unpacked.Significand >> 64));
        return Float80Convert.FromInteger(unpacked.Exponent);
    }

    /// <summary>Compares; a QNaN is invalid only if <paramref name="quietIsInvalid"/> (FCOM, FCOMI, FTST).</summary>
    internal static FloatRelation Compare(Float80 a, Float80 b, bool quietIsInvalid, ref FloatStatus status)
    {
        if (a.IsUnsupported || b.IsUnsupported || a.IsNaN || b.IsNaN)
        {
            if (quietIsInvalid || a.IsUnsupported || b.IsUnsupported || a.IsSignaling || b.IsSignaling)
            {
                status.Raise(FloatExceptions.Invalid);
            }

            return FloatRelation.Unordered;
        }

        Float80Operands.NoteDenormals(a, b, ref status);
        if (a.IsZero && b.IsZero)
        {
            return FloatRelation.Equal;
        }

        if (a.IsNegative != b.IsNegative)
        {
            return a.IsNegative ? FloatRelation.Less : FloatRelation.Greater;
        }

        var order = Magnitude(a).CompareTo(Magnitude(b));
        return order == 0 ? FloatRelation.Equal
            : order < 0 != a.IsNegative ? FloatRelation.Less
            : FloatRelation.Greater;
    }

    // A pseudo-denormal has the value of the smallest normal binade.
    private static UInt128 Magnitude(Float80 value) =>
        new((ulong)(value.Exponent == 0 && (value.Significand & Float80.IntegerBit) != 0 ? 1 : value.Exponent), value.Significand);

    private static Float80 ZeroDifference(in FloatStatus status) =>
        Float80.Zero(status.Rounding == RoundingMode.Down);
}
