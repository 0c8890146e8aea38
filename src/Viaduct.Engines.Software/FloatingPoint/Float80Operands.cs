namespace Viaduct.Engines.Software.FloatingPoint;

/// <summary>The checks that every x87 computation starts with: unsupported encodings, NaNs, denormals.</summary>
internal static class Float80Operands
{
    /// <summary>
    /// Settles the result if an operand is unsupported or a NaN (SDM vol. 1, table 4-7, the column for the x87 FPU).
    /// </summary>
    internal static bool AreSpecial(Float80 a, Float80 b, ref FloatStatus status, out Float80 result)
    {
        if (a.IsUnsupported || b.IsUnsupported)
        {
            result = Invalid(ref status);
            return true;
        }

        result = default;
        if (!a.IsNaN && !b.IsNaN)
        {
            return false;
        }

        if (a.IsSignaling || b.IsSignaling)
        {
            status.Raise(FloatExceptions.Invalid);
        }

        result = Choose(a, b).Quieted();
        return true;
    }

    /// <inheritdoc cref="AreSpecial"/>
    internal static bool IsSpecial(Float80 value, ref FloatStatus status, out Float80 result) =>
        AreSpecial(value, value, ref status, out result);

    internal static void NoteDenormals(Float80 a, Float80 b, ref FloatStatus status)
    {
        if (a.IsDenormal || b.IsDenormal)
        {
            status.Raise(FloatExceptions.Denormal);
        }
    }

    internal static Float80 Invalid(ref FloatStatus status)
    {
        status.Raise(FloatExceptions.Invalid);
        return Float80.Indefinite;
    }

    // A QNaN goes before a SNaN; of two alike, the larger significand; of equal ones, the positive.
    private static Float80 Choose(Float80 a, Float80 b)
    {
        if (!a.IsNaN || !b.IsNaN)
        {
            return a.IsNaN ? a : b;
        }

        if (a.IsSignaling != b.IsSignaling)
        {
            return a.IsSignaling ? b : a;
        }

        if (a.Significand != b.Significand)
        {
            return a.Significand > b.Significand ? a : b;
        }

        return a.IsNegative ? b : a;
    }
}
