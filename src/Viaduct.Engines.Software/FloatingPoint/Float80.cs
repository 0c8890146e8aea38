using System.Runtime.InteropServices;

namespace Viaduct.Engines.Software.FloatingPoint;

/// <summary>
/// A double extended precision value as an x87 register holds it: explicit integer bit, every encoding representable,
/// the unsupported ones too (SDM vol. 1, 4.2.2 and 8.2). Sixteen bytes, the last six unused.
/// </summary>
[StructLayout(LayoutKind.Sequential, Size = 16)]
public readonly record struct Float80
{
    internal const int Bias = 16383;
    internal const ushort MaxExponent = 0x7FFF;
    internal const ulong IntegerBit = 1UL << 63;
    private const ushort SignBit = 0x8000;
    private const ulong QuietBit = 1UL << 62;

    /// <summary>From its two fields.</summary>
    public Float80(ushort signExponent, ulong significand)
    {
        Significand = significand;
        SignExponent = signExponent;
    }

    internal Float80(bool negative, int exponent, ulong significand)
        : this((ushort)((negative ? SignBit : 0) | exponent), significand)
    {
    }

    /// <summary>Integer bit and fraction; the MMX register.</summary>
    public ulong Significand { get; }

    /// <summary>Sign at bit 15, biased exponent below.</summary>
    public ushort SignExponent { get; }

    /// <summary>The QNaN that masked invalid operations and stack faults give.</summary>
    internal static Float80 Indefinite => new(0xFFFF, IntegerBit | QuietBit);

    internal static Float80 One => new(Bias, IntegerBit);

    internal bool IsNegative => (SignExponent & SignBit) != 0;

    internal int Exponent => SignExponent & MaxExponent;

    internal bool IsZero => Exponent == 0 && Significand == 0;

    /// <summary>Exponent zero; with the integer bit set this is a pseudo-denormal.</summary>
    internal bool IsDenormal => Exponent == 0 && Significand != 0;

    internal bool IsInfinite => Exponent == MaxExponent && Significand == IntegerBit;

    internal bool IsNaN => Exponent == MaxExponent && Significand > IntegerBit;

    internal bool IsSignaling => IsNaN && (Significand & QuietBit) == 0;

    /// <summary>Pseudo-NaN, pseudo-infinity or unnormal.</summary>
    internal bool IsUnsupported => Exponent != 0 && (Significand & IntegerBit) == 0;

    internal static Float80 Zero(bool negative) => new(negative, 0, 0);

    internal static Float80 Infinity(bool negative) => new(negative, MaxExponent, IntegerBit);

    /// <summary>The value of a finite supported number other than zero.</summary>
    internal Unpacked Unpack() =>
        Unpacked.FromInteger(IsNegative, Significand, Math.Max(Exponent, 1) - Bias - 63);

    internal Float80 Negated() => new((ushort)(SignExponent ^ SignBit), Significand);

    internal Float80 Absolute() => new((ushort)(SignExponent & MaxExponent), Significand);

    internal Float80 Quieted() => new(SignExponent, Significand | QuietBit);

    /// <summary>Reads the ten bytes of the memory format.</summary>
    internal static Float80 Read(ReadOnlySpan<byte> memory) =>
        new(MemoryMarshal.Read<ushort>(memory[8..]), MemoryMarshal.Read<ulong>(memory));

    /// <summary>Writes the ten bytes of the memory format.</summary>
    internal void Write(Span<byte> memory)
    {
        MemoryMarshal.Write(memory, Significand);
        MemoryMarshal.Write(memory[8..], SignExponent);
    }
}
