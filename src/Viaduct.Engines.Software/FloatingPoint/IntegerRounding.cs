namespace Viaduct.Engines.Software.FloatingPoint;

/// <summary>Rounding to integers.</summary>
internal static class IntegerRounding
{
    /// <summary>
    /// Rounds to a signed integer of <paramref name="bits"/> (at most 64) bits, sign-extended.
    /// </summary>
    /// <returns>False if the rounded value doesn't fit.</returns>
    public static bool TryRound(
        in Unpacked value, int bits, RoundingMode mode, out long rounded, out bool inexact, out bool up)
    {
        rounded = 0;
        inexact = false;
        up = false;
        if (value.Exponent >= 64)
        {
            return false;
        }

        // The binary point goes between the two halves of a 128-bit fixed-point number.
        var significand = Unpacked.ShiftRightSticky(value.Significand, 63 - value.Exponent);
        var cut = Rounded.To(significand, 64, value.Negative, mode);
        var limit = (1UL << (bits - 1)) - (value.Negative ? 0UL : 1UL);
        if (cut.Carry || cut.Kept > limit)
        {
            return false;
        }

        rounded = value.Negative ? (long)(0UL - cut.Kept) : (long)cut.Kept;
        inexact = cut.Inexact;
        up = cut.Up;
        return true;
    }
}
