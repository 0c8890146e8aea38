using System.Runtime.CompilerServices;

namespace Viaduct.Engines.Software.FloatingPoint;

/// <summary>
/// SSE scalar arithmetic on double precision values given by their bits. Where the environment allows it and operands
/// and result are plain numbers the host computes; everything else goes to <see cref="SoftFloat{TFormat}"/>.
/// </summary>
public static class Float64
{
    private const ulong Magnitude = 0x7FFF_FFFF_FFFF_FFFFUL;

    /// <summary>The QNaN that a masked invalid operation gives.</summary>
    public static ulong Indefinite => (ulong)SoftFloat<Binary64>.Indefinite;

    /// <summary><c>a + b</c>.</summary>
    public static ulong Add(ulong a, ulong b, ref FloatStatus status)
    {
        if (status.HostArithmetic)
        {
            var sum = Bits(Value(a) + Value(b));
            if (IsPlain(a) && IsPlain(b) && (IsSafe(sum) || (sum & Magnitude) == 0))
            {
                return sum;
            }
        }

        return (ulong)SoftFloat<Binary64>.Add(a, b, subtract: false, ref status);
    }

    /// <summary><c>a − b</c>.</summary>
    public static ulong Subtract(ulong a, ulong b, ref FloatStatus status)
    {
        if (status.HostArithmetic)
        {
            var difference = Bits(Value(a) - Value(b));
            if (IsPlain(a) && IsPlain(b) && (IsSafe(difference) || (difference & Magnitude) == 0))
            {
                return difference;
            }
        }

        return (ulong)SoftFloat<Binary64>.Add(a, b, subtract: true, ref status);
    }

    /// <summary><c>a × b</c>.</summary>
    public static ulong Multiply(ulong a, ulong b, ref FloatStatus status)
    {
        if (status.HostArithmetic)
        {
            var product = Bits(Value(a) * Value(b));
            if (IsPlain(a) && IsPlain(b) && (IsSafe(product) || (a & Magnitude) == 0 || (b & Magnitude) == 0))
            {
                return product;
            }
        }

        return (ulong)SoftFloat<Binary64>.Multiply(a, b, ref status);
    }

    /// <summary><c>a ÷ b</c>.</summary>
    public static ulong Divide(ulong a, ulong b, ref FloatStatus status)
    {
        if (status.HostArithmetic)
        {
            var quotient = Bits(Value(a) / Value(b));
            if (IsPlain(a) && IsPlain(b) && IsSafe(quotient))
            {
                return quotient;
            }
        }

        return (ulong)SoftFloat<Binary64>.Divide(a, b, ref status);
    }

    /// <summary>The square root.</summary>
    public static ulong SquareRoot(ulong value, ref FloatStatus status)
    {
        if (status.HostArithmetic)
        {
            var root = Bits(Math.Sqrt(Value(value)));
            if (IsPlain(value) && IsSafe(root))
            {
                return root;
            }
        }

        return (ulong)SoftFloat<Binary64>.SquareRoot(value, ref status);
    }

    /// <summary>The smaller; the second for NaNs and equal values.</summary>
    public static ulong Min(ulong a, ulong b, ref FloatStatus status) =>
        IsPlain(a) && IsPlain(b)
            ? Value(a) < Value(b) ? a : b
            : (ulong)SoftFloat<Binary64>.Select(a, b, FloatRelation.Less, ref status);

    /// <summary>The larger; the second for NaNs and equal values.</summary>
    public static ulong Max(ulong a, ulong b, ref FloatStatus status) =>
        IsPlain(a) && IsPlain(b)
            ? Value(a) > Value(b) ? a : b
            : (ulong)SoftFloat<Binary64>.Select(a, b, FloatRelation.Greater, ref status);

    /// <summary>COMISx if <paramref name="quietIsInvalid"/>, UCOMISx if not.</summary>
    public static FloatRelation Compare(ulong a, ulong b, bool quietIsInvalid, ref FloatStatus status)
    {
        if (IsPlain(a) && IsPlain(b))
        {
            var left = Value(a);
            var right = Value(b);
            return left == right ? FloatRelation.Equal : left < right ? FloatRelation.Less : FloatRelation.Greater;
        }

        return SoftFloat<Binary64>.Compare(a, b, quietIsInvalid, ref status);
    }

    /// <summary>CMPccx: all ones or zero. Only the three lowest bits of <paramref name="predicate"/> count.</summary>
    public static ulong Compare(ulong a, ulong b, byte predicate, ref FloatStatus status)
    {
        // LT, LE, NLT and NLE signal QNaNs.
        var relation = Compare(a, b, ((predicate + 1) & 2) != 0, ref status);
        var holds = (predicate & 3) switch
        {
            0 => relation == FloatRelation.Equal,
            1 => relation == FloatRelation.Less,
            2 => relation is FloatRelation.Less or FloatRelation.Equal,
            _ => relation == FloatRelation.Unordered,
        };
        return holds != ((predicate & 4) != 0) ? ulong.MaxValue : 0;
    }

    /// <summary>CVTSD2SS.</summary>
    public static uint ToFloat32(ulong value, ref FloatStatus status)
    {
        if (status.HostArithmetic)
        {
            var narrow = BitConverter.SingleToUInt32Bits((float)Value(value));
            if (IsPlain(value) && ((narrow & 0x7FFF_FFFF) - 0x0100_0000 < 0x7E80_0000 || (value & Magnitude) == 0))
            {
                return narrow;
            }
        }

        return (uint)SoftFloat<Binary64>.ConvertTo<Binary32>(value, ref status);
    }

    /// <summary>From a signed integer.</summary>
    public static ulong FromInt32(int value, ref FloatStatus status) => FromInt64(value, ref status);

    /// <summary>From a signed integer.</summary>
    public static ulong FromInt64(long value, ref FloatStatus status)
    {
        // Exact, or rounded as the guest asked for and without a new flag.
        var isShort = (ulong)(value + (1L << 52)) < 1UL << 53;
        return isShort || status.HostArithmetic
            ? Bits((double)value)
            : (ulong)SoftFloat<Binary64>.FromInteger(value, ref status);
    }

    /// <summary>Rounds to a signed integer; 0x8000_0000 if it doesn't fit.</summary>
    public static int ToInt32(ulong value, ref FloatStatus status)
    {
        var number = Value(value);
        if (number is > -2147483648.0 and < 2147483648.0)
        {
            var whole = Math.Round(number, MidpointRounding.ToEven);
            if (whole == number || (status.HostArithmetic && whole < 2147483648.0))
            {
                return (int)whole;
            }
        }

        return (int)SoftFloat<Binary64>.ToInteger(value, 32, status.Rounding, ref status);
    }

    /// <summary>Rounds to a signed integer; 0x8000_0000_0000_0000 if it doesn't fit.</summary>
    public static long ToInt64(ulong value, ref FloatStatus status)
    {
        var number = Value(value);
        if (number is > -9223372036854775808.0 and < 9223372036854775808.0)
        {
            var whole = Math.Round(number, MidpointRounding.ToEven);
            if (whole == number || (status.HostArithmetic && whole < 9223372036854775808.0))
            {
                return (long)whole;
            }
        }

        return SoftFloat<Binary64>.ToInteger(value, 64, status.Rounding, ref status);
    }

    /// <summary>Cuts to a signed integer; 0x8000_0000 if it doesn't fit.</summary>
    public static int TruncateToInt32(ulong value, ref FloatStatus status)
    {
        var number = Value(value);
        if (number is > -2147483648.0 and < 2147483648.0)
        {
            var cut = (int)number;
            if (cut == number || status.HostArithmetic)
            {
                return cut;
            }
        }

        return (int)SoftFloat<Binary64>.ToInteger(value, 32, RoundingMode.Zero, ref status);
    }

    /// <summary>Cuts to a signed integer; 0x8000_0000_0000_0000 if it doesn't fit.</summary>
    public static long TruncateToInt64(ulong value, ref FloatStatus status)
    {
        var number = Value(value);
        if (number is > -9223372036854775808.0 and < 9223372036854775808.0)
        {
            var cut = (long)number;
            if (cut == number || status.HostArithmetic)
            {
                return cut;
            }
        }

        return SoftFloat<Binary64>.ToInteger(value, 64, RoundingMode.Zero, ref status);
    }

    /// <summary>Whether the value is zero or a normal number.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsPlain(ulong value)
    {
        var magnitude = value & Magnitude;
        return magnitude == 0 || magnitude - 0x0010_0000_0000_0000UL < 0x7FE0_0000_0000_0000UL;
    }

    // Above the smallest normal binade: what rounds up to the smallest normal number may be tiny.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsSafe(ulong result) => (result & Magnitude) - 0x0020_0000_0000_0000UL < 0x7FD0_0000_0000_0000UL;

    private static double Value(ulong bits) => BitConverter.UInt64BitsToDouble(bits);

    private static ulong Bits(double value) => BitConverter.DoubleToUInt64Bits(value);
}
