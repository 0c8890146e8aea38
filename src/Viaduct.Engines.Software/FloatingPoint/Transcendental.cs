namespace Viaduct.Engines.Software.FloatingPoint;

/// <summary>F2XM1, FYL2X, FYL2XP1 and FPATAN, right to well under one unit of the last of 64 bits.</summary>
internal static class Transcendental
{
    private static readonly Unpacked _one = Unpacked.FromInteger(false, 1);
    private static readonly Unpacked _two = Unpacked.FromInteger(false, 2);

    // √2 and tan(π/8), roughly: where one reduction takes over from another.
    private static readonly UInt128 _rootOfTwo = new(0xB504_F333_F9DE_6484, 0);
    private static readonly Unpacked _eighthTurnTangent = new(false, -2, new UInt128(0xD413_CCCF_E779_9211, 0));

    /// <summary>2^x − 1. Outside of [−1, 1], where the result is undefined, x itself.</summary>
    internal static Float80 PowerMinusOne(Float80 value, ref FloatStatus status)
    {
        if (Float80Operands.IsSpecial(value, ref status, out var result))
        {
            return result;
        }

        Float80Operands.NoteDenormals(value, value, ref status);
        if (value.IsInfinite)
        {
            return value.IsNegative ? Float80.One.Negated() : value;
        }

        if (value.IsZero || value.Exponent >= Float80.Bias)
        {
            return Edge(value, ref status);
        }

        var power = WideMath.Multiply(value.Unpack(), X87Constants.WideLn2);
        var series = PowerSeries.Exponential.Evaluate(WideMath.ToFraction(in power), alternating: value.IsNegative);
        return Trigonometry.RoundWide(WideMath.Multiply(in power, in series), ref status);
    }

    private static Float80 Edge(Float80 value, ref FloatStatus status)
    {
        if (value.IsZero)
        {
            return value;
        }

        // Processors report the exact results at the ends as rounded, too.
        status.Raise(FloatExceptions.Precision);
        return value == Float80.One.Negated() ? new Float80(true, Float80.Bias - 1, Float80.IntegerBit) : value;
    }

    /// <summary>y × log₂ x.</summary>
    internal static Float80 Logarithm(Float80 x, Float80 y, ref FloatStatus status)
    {
        if (Float80Operands.AreSpecial(x, y, ref status, out var result))
        {
            return result;
        }

        var isOne = x == Float80.One;
        if ((x.IsNegative && !x.IsZero) || (x.IsZero && y.IsZero) || (x.IsInfinite && y.IsZero) || (isOne && y.IsInfinite))
        {
            return Float80Operands.Invalid(ref status);
        }

        if (x.IsZero && !y.IsInfinite)
        {
            status.Raise(FloatExceptions.ZeroDivide);
            return Float80.Infinity(!y.IsNegative);
        }

        Float80Operands.NoteDenormals(x, y, ref status);
        var isBelowOne = x.Exponent < Float80.Bias;
        if (x.IsZero || x.IsInfinite || y.IsInfinite)
        {
            return Float80.Infinity(y.IsNegative ^ isBelowOne);
        }

        if (isOne || y.IsZero)
        {
            return Float80.Zero(y.IsNegative ^ isBelowOne);
        }

        var logarithm = BinaryLogarithm(x.Unpack(), out var isInteger);
        status.Raise(FloatExceptions.Precision);
        return isInteger
            ? Float80Rounding.Pack(Unpacked.Multiply(y.Unpack(), in logarithm), 64, ref status)
            : Trigonometry.RoundWide(WideMath.Multiply(y.Unpack(), in logarithm), ref status);
    }

    /// <summary>y × log₂(x + 1).</summary>
    internal static Float80 LogarithmPlusOne(Float80 x, Float80 y, ref FloatStatus status)
    {
        if (Float80Operands.AreSpecial(x, y, ref status, out var result))
        {
            return result;
        }

        var isAtMostMinusOne = x.IsNegative && x.Exponent >= Float80.Bias;
        if ((x.IsZero && y.IsInfinite) || (x.IsInfinite && y.IsZero) || isAtMostMinusOne)
        {
            return Float80Operands.Invalid(ref status);
        }

        Float80Operands.NoteDenormals(x, y, ref status);
        var negative = x.IsNegative ^ y.IsNegative;
        if (x.IsInfinite || y.IsInfinite)
        {
            return Float80.Infinity(negative);
        }

        if (x.IsZero || y.IsZero)
        {
            return Float80.Zero(negative);
        }

        var logarithm = LogarithmOfOnePlus(x.Unpack());
        return Trigonometry.RoundWide(WideMath.Multiply(y.Unpack(), in logarithm), ref status);
    }

    /// <summary>The angle of the point (x, y).</summary>
    internal static Float80 ArcTangent(Float80 y, Float80 x, ref FloatStatus status)
    {
        if (Float80Operands.AreSpecial(y, x, ref status, out var result))
        {
            return result;
        }

        Float80Operands.NoteDenormals(y, x, ref status);
        if (y.IsZero || (x.IsInfinite && !y.IsInfinite))
        {
            return x.IsNegative ? Angle(X87Constants.WidePi, y.IsNegative, ref status) : Float80.Zero(y.IsNegative);
        }

        var half = X87Constants.WidePi with { Exponent = 0 };
        if (x.IsZero || (y.IsInfinite && !x.IsInfinite))
        {
            return Angle(in half, y.IsNegative, ref status);
        }

        var angle = x.IsInfinite
            ? half with { Exponent = -1 }
            : FirstQuadrant(y.Absolute().Unpack(), x.Absolute().Unpack(), in half);
        if (x.IsNegative)
        {
            angle = Difference(X87Constants.WidePi, in angle);
        }

        return Angle(in angle, y.IsNegative, ref status);
    }

    private static Float80 Angle(in Unpacked magnitude, bool negative, ref FloatStatus status) =>
        Trigonometry.RoundWide(magnitude.Signed(negative), ref status);

    private static Unpacked FirstQuadrant(in Unpacked y, in Unpacked x, in Unpacked half)
    {
        var isSteep = y.Exponent > x.Exponent || (y.Exponent == x.Exponent && y.Significand > x.Significand);
        var tangent = isSteep ? WideMath.Divide(in x, in y) : WideMath.Divide(in y, in x);
        var angle = SmallAngle(in tangent, half with { Exponent = -1 });
        return isSteep ? Difference(in half, in angle) : angle;
    }

    /// <summary>atan of a number up to one.</summary>
    private static Unpacked SmallAngle(in Unpacked tangent, in Unpacked eighth)
    {
        if (tangent.Exponent < _eighthTurnTangent.Exponent
            || (tangent.Exponent == _eighthTurnTangent.Exponent && tangent.Significand <= _eighthTurnTangent.Significand))
        {
            return Series(in tangent, alternating: true);
        }

        // atan t = π/4 − atan((1 − t)/(1 + t))
        if (Unpacked.Add(in _one, tangent.Signed(true)) is not { } difference)
        {
            return eighth;
        }

        var complement = WideMath.Divide(in difference, Sum(in _one, in tangent));
        return Difference(in eighth, Series(in complement, alternating: true));
    }

    private static Unpacked Series(in Unpacked x, bool alternating)
    {
        var square = WideMath.ToFraction(WideMath.Multiply(in x, in x));
        return WideMath.Multiply(in x, PowerSeries.ArcTangent.Evaluate(square, alternating));
    }

    /// <summary>log₂ of a positive number other than one.</summary>
    private static Unpacked BinaryLogarithm(in Unpacked x, out bool isInteger)
    {
        // x = m × 2^e with m between √½ and √2.
        var exponent = x.Exponent;
        var fraction = x with { Exponent = 0 };
        if (x.Significand > _rootOfTwo)
        {
            exponent++;
            fraction = x with { Exponent = -1 };
        }

        var whole = exponent == 0
            ? (Unpacked?)null
            : Unpacked.FromInteger(exponent < 0, (ulong)Math.Abs(exponent));
        isInteger = false;
        if (Unpacked.Add(in fraction, _one.Signed(true)) is not { } excess)
        {
            isInteger = true;
            return whole.GetValueOrDefault();
        }

        var ratio = WideMath.Divide(in excess, Sum(in fraction, in _one));
        var logarithm = FromHyperbolic(in ratio);
        return whole is { } integer ? Sum(in integer, in logarithm) : logarithm;
    }

    /// <summary>log₂(1 + x) for x above −1 and not zero.</summary>
    private static Unpacked LogarithmOfOnePlus(in Unpacked x)
    {
        // Outside of the range that the instruction is defined on, the sum is as good as any way.
        if (x.Exponent >= -1)
        {
            return BinaryLogarithm(Sum(in _one, in x), out _);
        }

        return FromHyperbolic(WideMath.Divide(in x, Sum(in _two, in x)));
    }

    // ln((1 + r)/(1 − r)) = 2 atanh r
    private static Unpacked FromHyperbolic(in Unpacked ratio)
    {
        var product = WideMath.Multiply(Series(in ratio, alternating: false), X87Constants.WideLog2E);
        return product with { Exponent = product.Exponent + 1 };
    }

    private static Unpacked Difference(in Unpacked a, in Unpacked b) => Sum(in a, b.Signed(true));

    // Of numbers that don't cancel.
    private static Unpacked Sum(in Unpacked a, in Unpacked b) => Unpacked.Add(in a, in b).GetValueOrDefault();
}
