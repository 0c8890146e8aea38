namespace Viaduct.Engines.Software.FloatingPoint;

/// <summary>
/// Arithmetic on all 128 bits of <see cref="Unpacked"/> significands, good to a few units of the last place: the spare
/// bits that transcendental functions need to be right to 64.
/// </summary>
internal static class WideMath
{
    /// <summary>The upper half of the 256-bit product.</summary>
    internal static UInt128 MultiplyHigh(UInt128 a, UInt128 b)
    {
        var (aHigh, aLow) = ((ulong)(a >> 64), (ulong)a);
        var (bHigh, bLow) = ((ulong)(b >> 64), (ulong)b);
        var lowest = Math.BigMul(aLow, bLow, out _);
        var high = Math.BigMul(aHigh, bHigh, out var highLow);
        var crossHigh1 = Math.BigMul(aHigh, bLow, out var crossLow1);
        var crossHigh2 = Math.BigMul(aLow, bHigh, out var crossLow2);
        var middle = (UInt128)lowest + crossLow1 + crossLow2;
        return new UInt128(high, highLow) + crossHigh1 + crossHigh2 + (middle >> 64);
    }

    internal static Unpacked Multiply(in Unpacked a, in Unpacked b) =>
        Unpacked.Normalize(
            a.Negative ^ b.Negative, a.Exponent + b.Exponent + 1, MultiplyHigh(a.Significand, b.Significand));

    internal static Unpacked Divide(in Unpacked a, in Unpacked b)
    {
        var dividend = a.Significand;
        var exponent = a.Exponent - b.Exponent - 1;
        if (dividend >= b.Significand)
        {
            dividend >>= 1;
            exponent++;
        }

        var high = QuotientDigit(ref dividend, b.Significand);
        var low = QuotientDigit(ref dividend, b.Significand);
        return Unpacked.Normalize(a.Negative ^ b.Negative, exponent, new UInt128(high, low));
    }

    /// <summary>The number as a fraction of 2^128, if it is below one; bits past the last are cut off.</summary>
    internal static UInt128 ToFraction(in Unpacked value)
    {
        var shift = -1 - value.Exponent;
        return shift >= 128 ? UInt128.Zero : value.Significand >> shift;
    }

    // One digit of a long division in base 2^64 (Knuth, vol. 2, 4.3.1, algorithm D); the divisor's top bit is set.
    private static ulong QuotientDigit(ref UInt128 remainder, UInt128 divisor)
    {
        var (high, low) = ((ulong)(divisor >> 64), (ulong)divisor);
        var (estimate, rest) = UInt128.DivRem(remainder, high);
        while (estimate > ulong.MaxValue || (rest <= ulong.MaxValue && estimate * low > rest << 64))
        {
            estimate--;
            rest += high;
        }

        remainder = (rest << 64) - (estimate * low);
        return (ulong)estimate;
    }
}
