namespace Viaduct.Engines.Software.FloatingPoint;

/// <summary>
/// FSIN, FCOS, FSINCOS and FPTAN. As on hardware, arguments are reduced by a π of 66 bits (SDM vol. 1, 8.3.8), exactly,
/// and magnitudes of 2^63 and more are left to the program.
/// </summary>
internal static class Trigonometry
{
    // π/2 = _halfPi × 2^-67.
    private const int HalfPiScale = -67;
    private static readonly UInt128 _halfPi = new(0xC, 0x90FDAA22168C234C);

    internal static bool IsOutOfRange(Float80 value) =>
        !value.IsUnsupported && value.Exponent is >= Float80.Bias + 63 and < Float80.MaxExponent;

    internal static Float80 Sine(Float80 value, ref FloatStatus status)
    {
        if (IsSettled(value, ref status, out var result))
        {
            return result;
        }

        return value.IsZero ? value : RoundWide(Function(Reduce(value, out var quadrant), quadrant), ref status);
    }

    internal static Float80 Cosine(Float80 value, ref FloatStatus status)
    {
        if (IsSettled(value, ref status, out var result))
        {
            return result;
        }

        return value.IsZero ? Float80.One : RoundWide(CosineOf(value), ref status);
    }

    /// <summary>The sine; the cosine comes out as <paramref name="cosine"/>.</summary>
    internal static Float80 SineCosine(Float80 value, ref FloatStatus status, out Float80 cosine)
    {
        if (IsSettled(value, ref status, out cosine))
        {
            return cosine;
        }

        cosine = Float80.One;
        if (value.IsZero)
        {
            return value;
        }

        cosine = RoundWide(CosineOf(value), ref status);
        return RoundWide(Function(Reduce(value, out var quadrant), quadrant), ref status);
    }

    internal static Float80 Tangent(Float80 value, ref FloatStatus status)
    {
        if (IsSettled(value, ref status, out var result))
        {
            return result;
        }

        if (value.IsZero)
        {
            return value;
        }

        var reduced = Reduce(value, out var quadrant);
        var tangent = WideMath.Divide(Function(in reduced, quadrant), Function(in reduced, quadrant + 1));
        return RoundWide(tangent, ref status);
    }

    /// <summary>Rounds a value that no register holds exactly.</summary>
    internal static Float80 RoundWide(in Unpacked value, ref FloatStatus status) =>
        Float80Rounding.Pack(value with { Significand = value.Significand | UInt128.One }, 64, ref status);

    private static bool IsSettled(Float80 value, ref FloatStatus status, out Float80 result)
    {
        if (Float80Operands.IsSpecial(value, ref status, out result))
        {
            return true;
        }

        if (value.IsInfinite)
        {
            result = Float80Operands.Invalid(ref status);
            return true;
        }

        Float80Operands.NoteDenormals(value, value, ref status);
        return false;
    }

    private static Unpacked CosineOf(Float80 value)
    {
        var reduced = Reduce(value, out var quadrant);
        return Function(in reduced, quadrant + 1);
    }

    /// <summary>The sine of <c>reduced + quadrant × π/2</c>.</summary>
    private static Unpacked Function(in Unpacked reduced, int quadrant)
    {
        var square = WideMath.ToFraction(WideMath.Multiply(in reduced, in reduced));
        var value = (quadrant & 1) != 0
            ? PowerSeries.Cosine.Evaluate(square, alternating: true)
            : WideMath.Multiply(in reduced, PowerSeries.Sine.Evaluate(square, alternating: true));
        return value.Signed((quadrant & 2) != 0);
    }

    /// <summary>Takes away the nearest multiple of π/2. No number below 2^63 is one.</summary>
    private static Unpacked Reduce(Float80 value, out int quadrant)
    {
        quadrant = 0;
        var unpacked = value.Unpack();
        var shift = unpacked.Exponent - 63 - HalfPiScale;
        if (shift < 0)
        {
            return unpacked;
        }

        var remainder = unpacked.Significand >> 64;
        while (true)
        {
            // A remainder of 68 bits may move by up to 60; quadrants count modulo four.
            var step = Math.Min(shift, 32);
            var (quotient, rest) = UInt128.DivRem(remainder << step, _halfPi);
            quadrant = (int)(((uint)(step >= 2 ? 0 : quadrant << step) + (uint)quotient) & 3);
            remainder = rest;
            shift -= step;
            if (shift == 0)
            {
                break;
            }
        }

        var flip = remainder > _halfPi >> 1;
        if (flip)
        {
            remainder = _halfPi - remainder;
            quadrant = (quadrant + 1) & 3;
        }

        if (unpacked.Negative)
        {
            quadrant = -quadrant & 3;
        }

        return Unpacked.Normalize(unpacked.Negative ^ flip, 127 + HalfPiScale, remainder);
    }
}
