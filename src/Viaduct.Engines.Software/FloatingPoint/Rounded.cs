namespace Viaduct.Engines.Software.FloatingPoint;

/// <summary>A significand cut to fewer bits: the bits kept, as an integer, and what happened to the rest.</summary>
internal readonly struct Rounded
{
    private Rounded(ulong kept, bool carry, bool inexact, bool up)
    {
        Kept = kept;
        Carry = carry;
        Inexact = inexact;
        Up = up;
    }

    /// <summary>The bits kept, right-aligned. After a carry, the lowest power of two of that many bits.</summary>
    public ulong Kept { get; }

    /// <summary>The increment ran over the top: the exponent grows by one.</summary>
    public bool Carry { get; }

    /// <summary>Something other than zero was cut off.</summary>
    public bool Inexact { get; }

    /// <summary>The magnitude was incremented.</summary>
    public bool Up { get; }

    /// <summary>Keeps the <paramref name="bits"/> (1 to 64) most significant bits of <paramref name="significand"/>.</summary>
    public static Rounded To(UInt128 significand, int bits, bool negative, RoundingMode mode)
    {
        var kept = (ulong)(significand >> (128 - bits));
        var rest = significand << bits;
        if (rest == UInt128.Zero)
        {
            return new Rounded(kept, false, false, false);
        }

        if (!Increments(kept, rest, negative, mode))
        {
            return new Rounded(kept, false, true, false);
        }

        kept++;
        var limit = bits == 64 ? 0 : 1UL << bits;
        return kept == limit
            ? new Rounded(1UL << (bits - 1), true, true, true)
            : new Rounded(kept, false, true, true);
    }

    private static bool Increments(ulong kept, UInt128 rest, bool negative, RoundingMode mode)
    {
        switch (mode)
        {
            case RoundingMode.Nearest:
                var half = UInt128.One << 127;
                return rest > half || (rest == half && (kept & 1) != 0);
            case RoundingMode.Down:
                return negative;
            case RoundingMode.Up:
                return !negative;
            default:
                return false;
        }
    }
}
