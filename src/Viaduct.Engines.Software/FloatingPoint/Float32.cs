using System.Runtime.CompilerServices;

namespace Viaduct.Engines.Software.FloatingPoint;

/// <summary>
/// SSE scalar arithmetic on single precision values given by their bits. Where the environment allows it and operands
/// and result are plain numbers the host computes; everything else goes to <see cref="SoftFloat{TFormat}"/>.
/// </summary>
public static class Float32
{
    private const uint Magnitude = 0x7FFF_FFFFu;

    /// <summary>The QNaN that a masked invalid operation gives.</summary>
    public static uint Indefinite => (uint)SoftFloat<Binary32>.Indefinite;

    /// <summary><c>a + b</c>.</summary>
    public static uint Add(uint a, uint b, ref FloatStatus status)
    {
        if (status.HostArithmetic)
        {
            var sum = Bits(Value(a) + Value(b));
            if (IsPlain(a) && IsPlain(b) && (IsSafe(sum) || (sum & Magnitude) == 0))
            {
                return sum;
            }
        }

        return (uint)SoftFloat<Binary32>.Add(a, b, subtract: false, ref status);
    }

    /// <summary><c>a − b</c>.</summary>
    public static uint Subtract(uint a, uint b, ref FloatStatus status)
    {
        if (status.HostArithmetic)
        {
            var difference = Bits(Value(a) - Value(b));
            if (IsPlain(a) && IsPlain(b) && (IsSafe(difference) || (difference & Magnitude) == 0))
            {
                return difference;
            }
        }

        return (uint)SoftFloat<Binary32>.Add(a, b, subtract: true, ref status);
    }

    /// <summary><c>a × b</c>.</summary>
    public static uint Multiply(uint a, uint b, ref FloatStatus status)
    {
        if (status.HostArithmetic)
        {
            var product = Bits(Value(a) * Value(b));
            if (IsPlain(a) && IsPlain(b) && (IsSafe(product) || (a & Magnitude) == 0 || (b & Magnitude) == 0))
            {
                return product;
            }
        }

        return (uint)SoftFloat<Binary32>.Multiply(a, b, ref status);
    }

    /// <summary><c>a ÷ b</c>.</summary>
    public static uint Divide(uint a, uint b, ref FloatStatus status)
    {
        if (status.HostArithmetic)
        {
            var quotient = Bits(Value(a) / Value(b));
            if (IsPlain(a) && IsPlain(b) && IsSafe(quotient))
            {
                return quotient;
            }
        }

        return (uint)SoftFloat<Binary32>.Divide(a, b, ref status);
    }

    /// <summary>The square root.</summary>
    public static uint SquareRoot(uint value, ref FloatStatus status)
    {
        if (status.HostArithmetic)
        {
            var root = Bits(MathF.Sqrt(Value(value)));
            if (IsPlain(value) && IsSafe(root))
            {
                return root;
            }
        }

        return (uint)SoftFloat<Binary32>.SquareRoot(value, ref status);
    }

    /// <summary>The smaller; the second for NaNs and equal values.</summary>
    public static uint Min(uint a, uint b, ref FloatStatus status) =>
        IsPlain(a) && IsPlain(b)
            ? Value(a) < Value(b) ? a : b
            : (uint)SoftFloat<Binary32>.Select(a, b, FloatRelation.Less, ref status);

    /// <summary>The larger; the second for NaNs and equal values.</summary>
    public static uint Max(uint a, uint b, ref FloatStatus status) =>
        IsPlain(a) && IsPlain(b)
            ? Value(a) > Value(b) ? a : b
            : (uint)SoftFloat<Binary32>.Select(a, b, FloatRelation.Greater, ref status);

    /// <summary>COMISx if <paramref name="quietIsInvalid"/>, UCOMISx if not.</summary>
    public static FloatRelation Compare(uint a, uint b, bool quietIsInvalid, ref FloatStatus status)
    {
        if (IsPlain(a) && IsPlain(b))
        {
            var left = Value(a);
            var right = Value(b);
            return left == right ? FloatRelation.Equal : left < right ? FloatRelation.Less : FloatRelation.Greater;
        }

        return SoftFloat<Binary32>.Compare(a, b, quietIsInvalid, ref status);
    }

    /// <summary>CMPccx: all ones or zero. Only the three lowest bits of <paramref name="predicate"/> count.</summary>
    public static uint Compare(uint a, uint b, byte predicate, ref FloatStatus status)
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
        return holds != ((predicate & 4) != 0) ? uint.MaxValue : 0;
    }

    /// <summary>CVTSS2SD.</summary>
    public static ulong ToFloat64(uint value, ref FloatStatus status) =>
        IsPlain(value)
            ? BitConverter.DoubleToUInt64Bits(Value(value))
            : SoftFloat<Binary32>.ConvertTo<Binary64>(value, ref status);

    /// <summary>From a signed integer.</summary>
    public static uint FromInt32(int value, ref FloatStatus status) => FromInt64(value, ref status);

    /// <summary>From a signed integer.</summary>
    public static uint FromInt64(long value, ref FloatStatus status)
    {
        // Exact, or rounded as the guest asked for and without a new flag.
        var isShort = (ulong)(value + (1L << 23)) < 1UL << 24;
        return isShort || status.HostArithmetic
            ? Bits((float)value)
            : (uint)SoftFloat<Binary32>.FromInteger(value, ref status);
    }

    /// <summary>Rounds to a signed integer; 0x8000_0000 if it doesn't fit.</summary>
    public static int ToInt32(uint value, ref FloatStatus status)
    {
        var number = Value(value);
        if (number is > -2147483648.0f and < 2147483648.0f)
        {
            var whole = MathF.Round(number, MidpointRounding.ToEven);
            if (whole == number || (status.HostArithmetic && whole < 2147483648.0f))
            {
                return (int)whole;
            }
        }

        return (int)SoftFloat<Binary32>.ToInteger(value, 32, status.Rounding, ref status);
    }

    /// <summary>Rounds to a signed integer; 0x8000_0000_0000_0000 if it doesn't fit.</summary>
    public static long ToInt64(uint value, ref FloatStatus status)
    {
        var number = Value(value);
        if (number is > -9223372036854775808.0f and < 9223372036854775808.0f)
        {
            var whole = MathF.Round(number, MidpointRounding.ToEven);
            if (whole == number || (status.HostArithmetic && whole < 9223372036854775808.0f))
            {
                return (long)whole;
            }
        }

        return SoftFloat<Binary32>.ToInteger(value, 64, status.Rounding, ref status);
    }

    /// <summary>Cuts to a signed integer; 0x8000_0000 if it doesn't fit.</summary>
    public static int TruncateToInt32(uint value, ref FloatStatus status)
    {
        var number = Value(value);
        if (number is > -2147483648.0f and < 2147483648.0f)
        {
            var cut = (int)number;
            if (cut == number || status.HostArithmetic)
            {
                return cut;
            }
        }

        return (int)SoftFloat<Binary32>.ToInteger(value, 32, RoundingMode.Zero, ref status);
    }

    /// <summary>Cuts to a signed integer; 0x8000_0000_0000_0000 if it doesn't fit.</summary>
    public static long TruncateToInt64(uint value, ref FloatStatus status)
    {
        var number = Value(value);
        if (number is > -9223372036854775808.0f and < 9223372036854775808.0f)
        {
            var cut = (long)number;
            if (cut == number || status.HostArithmetic)
            {
                return cut;
            }
        }

        return SoftFloat<Binary32>.ToInteger(value, 64, RoundingMode.Zero, ref status);
    }

    /// <summary>Whether the value is zero or a normal number.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsPlain(uint value)
    {
        var magnitude = value & Magnitude;
        return magnitude == 0 || magnitude - 0x0080_0000u < 0x7F00_0000u;
    }

    // Above the smallest normal binade: what rounds up to the smallest normal number may be tiny.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsSafe(uint result) => (result & Magnitude) - 0x0100_0000u < 0x7E80_0000u;

    private static float Value(uint bits) => BitConverter.UInt32BitsToSingle(bits);

    private static uint Bits(float value) => BitConverter.SingleToUInt32Bits(value);
}
