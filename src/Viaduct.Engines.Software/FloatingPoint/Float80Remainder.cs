namespace Viaduct.Engines.Software.FloatingPoint;

/// <summary>FPREM and FPREM1: a partial remainder, and the quotient bits that go to C0, C3 and C1.</summary>
internal readonly struct Float80Remainder
{
    private Float80Remainder(Float80 value, ulong quotient, bool incomplete)
    {
        Value = value;
        Quotient = quotient;
        IsIncomplete = incomplete;
    }

    /// <summary>The remainder, or the reduced dividend if incomplete.</summary>
    public Float80 Value { get; }

    /// <summary>The low bits of the quotient's magnitude; zero if incomplete.</summary>
    public ulong Quotient { get; }

    /// <summary>C2: the exponents were too far apart for one step.</summary>
    public bool IsIncomplete { get; }

    /// <summary>FPREM if not <paramref name="nearest"/> (the quotient is cut), FPREM1 if so (it is rounded to nearest).</summary>
    public static Float80Remainder Compute(Float80 a, Float80 b, bool nearest, ref FloatStatus status)
    {
        if (Float80Operands.AreSpecial(a, b, ref status, out var result))
        {
            return new Float80Remainder(result, 0, false);
        }

        if (a.IsInfinite || b.IsZero)
        {
            return new Float80Remainder(Float80Operands.Invalid(ref status), 0, false);
        }

        Float80Operands.NoteDenormals(a, b, ref status);
        if (a.IsZero)
        {
            return new Float80Remainder(a, 0, false);
        }

        // A denormal dividend is still a tiny result.
        return b.IsInfinite
            ? Finish(a.Unpack(), 0, false, ref status)
            : Reduce(a.Unpack(), b.Unpack(), nearest, ref status);
    }

    private static Float80Remainder Reduce(in Unpacked a, in Unpacked b, bool nearest, ref FloatStatus status)
    {
        var distance = a.Exponent - b.Exponent;
        if (distance < -1 || (distance < 0 && !nearest))
        {
            return Finish(a, 0, false, ref status);
        }

        var divisor = (ulong)(b.Significand >> 64);
        if (distance >= 64)
        {
            var step = (distance & 31) | 32;
            var (_, partial) = UInt128.DivRem((a.Significand >> 64) << step, divisor);
            return Finish(a.Negative, (ulong)partial, b.Exponent + distance - step - 63, 0, true, ref status);
        }

        // At a distance of -1 the divisor is doubled instead: the remainder may need its lowest bit.
        var dividend = distance < 0 ? a.Significand >> 64 : (a.Significand >> 64) << distance;
        UInt128 wide = distance < 0 ? (UInt128)divisor << 1 : divisor;
        var scale = (distance < 0 ? a.Exponent : b.Exponent) - 63;
        var (quotient, remainder) = UInt128.DivRem(dividend, wide);
        var negative = a.Negative;
        if (nearest && ((remainder << 1) > wide || ((remainder << 1) == wide && !UInt128.IsEvenInteger(quotient))))
        {
            remainder = wide - remainder;
            quotient++;
            negative = !negative;
        }

        if (remainder == UInt128.Zero)
        {
            return new Float80Remainder(Float80.Zero(a.Negative), (ulong)quotient, false);
        }

        return Finish(negative, (ulong)remainder, scale, (ulong)quotient, false, ref status);
    }

    private static Float80Remainder Finish(
        bool negative, ulong remainder, int scale, ulong quotient, bool incomplete, ref FloatStatus status) =>
        remainder == 0
            ? new Float80Remainder(Float80.Zero(negative), quotient, incomplete)
            : Finish(Unpacked.FromInteger(negative, remainder, scale), quotient, incomplete, ref status);

    private static Float80Remainder Finish(in Unpacked value, ulong quotient, bool incomplete, ref FloatStatus status) =>
        new(Float80Rounding.Pack(value, 64, ref status), quotient, incomplete);
}
