namespace Viaduct.Engines.Software.FloatingPoint;

/// <summary>Rounding of results into x87 registers, and what that raises (SDM vol. 1, 8.5.4 to 8.5.6).</summary>
internal static class Float80Rounding
{
    /// <summary>What an unmasked overflow or underflow moves the exponent by, so that a handler can tell the result.</summary>
    internal const int ExponentAdjustment = 24576;

    /// <summary>Rounds to <paramref name="precision"/> (24, 53 or 64) bits in the extended exponent range.</summary>
    internal static Float80 Pack(in Unpacked value, int precision, ref FloatStatus status)
    {
        var rounded = Rounded.To(value.Significand, precision, value.Negative, status.Rounding);
        var exponent = value.Exponent + Float80.Bias + (rounded.Carry ? 1 : 0);
        if (exponent >= Float80.MaxExponent)
        {
            return Overflow(in value, in rounded, exponent, precision, ref status);
        }

        if (exponent < 1)
        {
            return Tiny(in value, in rounded, exponent, precision, ref status);
        }

        Note(in rounded, ref status);
        return new Float80(value.Negative, exponent, rounded.Kept << (64 - precision));
    }

    private static Float80 Overflow(
        in Unpacked value, in Rounded rounded, int exponent, int precision, ref FloatStatus status)
    {
        status.Raise(FloatExceptions.Overflow);
        if ((status.Masks & FloatExceptions.Overflow) == 0)
        {
            Note(in rounded, ref status);
            if (exponent - ExponentAdjustment < Float80.MaxExponent)
            {
                return new Float80(value.Negative, exponent - ExponentAdjustment, rounded.Kept << (64 - precision));
            }

            // Only FSCALE goes further.
            status.Raise(FloatExceptions.Precision);
            status.RoundedUp = true;
            return Float80.Infinity(value.Negative);
        }

        status.Raise(FloatExceptions.Precision);
        status.RoundedUp = status.Rounding switch
        {
            RoundingMode.Nearest => true,
            RoundingMode.Up => !value.Negative,
            RoundingMode.Down => value.Negative,
            _ => false,
        };
        return status.RoundedUp
            ? Float80.Infinity(value.Negative)
            : new Float80(value.Negative, Float80.MaxExponent - 1, ulong.MaxValue << (64 - precision));
    }

    private static Float80 Tiny(
        in Unpacked value, in Rounded unbounded, int exponent, int precision, ref FloatStatus status)
    {
        if ((status.Masks & FloatExceptions.Underflow) == 0)
        {
            status.Raise(FloatExceptions.Underflow);
            Note(in unbounded, ref status);
            if (exponent + ExponentAdjustment >= 1)
            {
                return new Float80(value.Negative, exponent + ExponentAdjustment, unbounded.Kept << (64 - precision));
            }

            status.Raise(FloatExceptions.Precision);
            status.RoundedUp = false;
            return Float80.Zero(value.Negative);
        }

        var significand = Unpacked.ShiftRightSticky(value.Significand, 1 - (value.Exponent + Float80.Bias));
        var rounded = Rounded.To(significand, precision, value.Negative, status.Rounding);
        if (rounded.Inexact)
        {
            status.Raise(FloatExceptions.Underflow);
        }

        Note(in rounded, ref status);
        var kept = rounded.Kept << (64 - precision);
        return new Float80(value.Negative, (kept & Float80.IntegerBit) != 0 ? 1 : 0, kept);
    }

    private static void Note(in Rounded rounded, ref FloatStatus status)
    {
        status.RoundedUp = rounded.Up;
        if (rounded.Inexact)
        {
            status.Raise(FloatExceptions.Precision);
        }
    }
}
