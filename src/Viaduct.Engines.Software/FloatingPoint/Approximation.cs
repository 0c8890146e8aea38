using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Viaduct.Engines.Software.FloatingPoint;

/// <summary>
/// RCPPS and RSQRTPS. The architecture bounds the relative error at 1.5 × 2^-12 and leaves the bits to the processor;
/// on an x86 host they are the host's, so that code translated to host instructions and interpreted code agree.
/// </summary>
internal static class Approximation
{
    private const uint Sign = 0x8000_0000;
    private const uint Infinity = 0x7F80_0000;
    private const uint SmallestNormal = 0x0080_0000;
    private const uint QuietBit = 0x0040_0000;

    // Twelve bits of fraction are kept, as processors do: nobody may count on more.
    private const uint KeptBits = 0xFFFF_F800;

    public static uint Reciprocal(uint value) =>
        Sse.IsSupported
            ? Sse.ReciprocalScalar(Vector128.CreateScalar(value).AsSingle()).AsUInt32().ToScalar()
            : PortableReciprocal(value);

    public static uint ReciprocalSquareRoot(uint value) =>
        Sse.IsSupported
            ? Sse.ReciprocalSqrtScalar(Vector128.CreateScalar(value).AsSingle()).AsUInt32().ToScalar()
            : PortableReciprocalSquareRoot(value);

    /// <summary>Denormal operands count as zero, results below the normal range become zero.</summary>
    internal static uint PortableReciprocal(uint value)
    {
        var magnitude = value & ~Sign;
        if (magnitude > Infinity)
        {
            return value | QuietBit;
        }

        if (magnitude < SmallestNormal)
        {
            return (value & Sign) | Infinity;
        }

        var result = BitConverter.SingleToUInt32Bits(1.0f / BitConverter.UInt32BitsToSingle(value));
        return (result & ~Sign) < SmallestNormal ? value & Sign : result & KeptBits;
    }

    /// <summary>Denormal operands count as zero; negative ones give the indefinite.</summary>
    internal static uint PortableReciprocalSquareRoot(uint value)
    {
        var magnitude = value & ~Sign;
        if (magnitude > Infinity)
        {
            return value | QuietBit;
        }

        if (magnitude < SmallestNormal)
        {
            return (value & Sign) | Infinity;
        }

        if ((value & Sign) != 0)
        {
            return Float32.Indefinite;
        }

        var root = 1.0f / MathF.Sqrt(BitConverter.UInt32BitsToSingle(value));
        return BitConverter.SingleToUInt32Bits(root) & KeptBits;
    }
}
