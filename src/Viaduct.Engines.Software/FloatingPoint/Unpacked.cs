namespace Viaduct.Engines.Software.FloatingPoint;

/// <summary>
/// A finite number other than zero, wide enough for every format: <c>±Significand × 2^(Exponent − 127)</c> with bit 127
/// of the significand set. Results that don't fit are cut with a sticky bit 0, so that rounding them once more to 64
/// bits or fewer is exact. Factors, dividends, divisors and radicands have at most 64 significant bits.
/// </summary>
internal readonly record struct Unpacked(bool Negative, int Exponent, UInt128 Significand)
{
    /// <summary>The number <c>±significand × 2^scale</c>; <paramref name="significand"/> isn't zero.</summary>
    public static Unpacked FromInteger(bool negative, ulong significand, int scale = 0)
    {
        var zeros = (int)ulong.LeadingZeroCount(significand);
        return new Unpacked(negative, 63 - zeros + scale, new UInt128(significand << zeros, 0));
    }

    /// <summary>The same with the other sign if <paramref name="negate"/>.</summary>
    public Unpacked Signed(bool negate) => new(Negative ^ negate, Exponent, Significand);

    /// <summary>Shifts right by any count; what falls off leaves its trace in bit 0.</summary>
    public static UInt128 ShiftRightSticky(UInt128 value, int count)
    {
        if (count == 0)
        {
            return value;
        }

        if (count >= 128)
        {
            return value == UInt128.Zero ? value : UInt128.One;
        }

        var shifted = value >> count;
        return (shifted << count) == value ? shifted : shifted | UInt128.One;
    }

    /// <summary>The sum; null stands for an exact zero.</summary>
    public static Unpacked? Add(in Unpacked a, in Unpacked b)
    {
        var aIsLarger = a.Exponent > b.Exponent || (a.Exponent == b.Exponent && a.Significand >= b.Significand);
        var large = aIsLarger ? a : b;
        var small = aIsLarger ? b : a;

        // One bit of headroom for the carry; neither operand has its lowest bits in use.
        var left = large.Significand >> 1;
        var right = ShiftRightSticky(small.Significand, large.Exponent - small.Exponent + 1);
        var sum = a.Negative == b.Negative ? left + right : left - right;
        if (sum == UInt128.Zero)
        {
            return null;
        }

        return Normalize(large.Negative, large.Exponent + 1, sum);
    }

    /// <summary>The product, exact.</summary>
    public static Unpacked Multiply(in Unpacked a, in Unpacked b)
    {
        var high = Math.BigMul((ulong)(a.Significand >> 64), (ulong)(b.Significand >> 64), out var low);
        return Normalize(a.Negative ^ b.Negative, a.Exponent + b.Exponent + 1, new UInt128(high, low));
    }

    /// <summary>The quotient, cut with a sticky bit.</summary>
    public static Unpacked Divide(in Unpacked a, in Unpacked b)
    {
        var dividend = a.Significand;
        var divisor = (ulong)(b.Significand >> 64);
        var exponent = a.Exponent - b.Exponent - 1;
        if ((ulong)(dividend >> 64) >= divisor)
        {
            dividend >>= 1;
            exponent++;
        }

        var (high, remainder) = UInt128.DivRem(dividend, divisor);
        var (low, rest) = UInt128.DivRem(new UInt128((ulong)remainder, 0), divisor);
        var significand = new UInt128((ulong)high, (ulong)low);
        return new Unpacked(a.Negative ^ b.Negative, exponent, rest == UInt128.Zero ? significand : significand | UInt128.One);
    }

    /// <summary>The square root of a positive number, cut with a sticky bit.</summary>
    public static Unpacked SquareRoot(in Unpacked value)
    {
        // The root of a 128-bit radicand has 64 bits; the remainder tells the rounding bit, which can't be a tie.
        var odd = (value.Exponent & 1) != 0;
        var radicand = odd ? value.Significand : value.Significand >> 1;
        var root = IntegerRoot(radicand);
        var remainder = radicand - Square(root);
        ulong low = remainder > root ? 1UL << 63 : 0;
        low |= remainder == UInt128.Zero ? 0UL : 1UL;
        return new Unpacked(false, value.Exponent >> 1, new UInt128(root, low));
    }

    /// <summary>Brings the highest set bit of <paramref name="significand"/> (not zero) to bit 127.</summary>
    public static Unpacked Normalize(bool negative, int exponent, UInt128 significand)
    {
        var zeros = (int)UInt128.LeadingZeroCount(significand);
        return new Unpacked(negative, exponent - zeros, significand << zeros);
    }

    private static UInt128 Square(ulong value)
    {
        var high = Math.BigMul(value, value, out var low);
        return new UInt128(high, low);
    }

    private static ulong IntegerRoot(UInt128 radicand)
    {
        // A double's root is right to some 52 bits, one Newton step doubles that; the loops make it the floor.
        var estimate = Math.Sqrt((double)radicand);
        var root = estimate >= 18446744073709551615.0 ? ulong.MaxValue : (ulong)estimate;
        var mean = (radicand / root + root) >> 1;
        root = mean > ulong.MaxValue ? ulong.MaxValue : (ulong)mean;
        while (Square(root) > radicand)
        {
            root--;
        }

        while (root != ulong.MaxValue && Square(root + 1) <= radicand)
        {
            root++;
        }

        return root;
    }
}
