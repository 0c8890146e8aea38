namespace Viaduct.Engines.Software.FloatingPoint;

/// <summary>An IEEE 754 interchange format of at most 64 bits.</summary>
internal interface IBinaryFormat
{
    /// <summary>Bits of the fraction, without the implied one.</summary>
    static abstract int FractionBits { get; }

    /// <summary>Bits of the exponent.</summary>
    static abstract int ExponentBits { get; }
}
