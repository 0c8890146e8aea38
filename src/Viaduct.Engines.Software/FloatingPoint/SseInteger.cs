using System.Runtime.Intrinsics;

namespace Viaduct.Engines.Software.FloatingPoint;

/// <summary>
/// SSE2 integer arithmetic, comparison and logic over register values; <c>a</c> is the destination operand, <c>b</c> the
/// source. The instructions that work element by element serve MMX as well, on the low half
/// (see <see cref="MmxInteger"/>).
/// </summary>
public static class SseInteger
{
    /// <summary>PADDB.</summary>
    public static Vector128<byte> PAddB(Vector128<byte> a, Vector128<byte> b) =>
        a + b;

    /// <summary>PADDW.</summary>
    public static Vector128<byte> PAddW(Vector128<byte> a, Vector128<byte> b) =>
        (a.AsUInt16() + b.AsUInt16()).AsByte();

    /// <summary>PADDD.</summary>
    public static Vector128<byte> PAddD(Vector128<byte> a, Vector128<byte> b) =>
        (a.AsUInt32() + b.AsUInt32()).AsByte();

    /// <summary>PADDQ.</summary>
    public static Vector128<byte> PAddQ(Vector128<byte> a, Vector128<byte> b) =>
        (a.AsUInt64() + b.AsUInt64()).AsByte();

    /// <summary>PADDSB.</summary>
    public static Vector128<byte> PAddSB(Vector128<byte> a, Vector128<byte> b) =>
        Vector128.AddSaturate(a.AsSByte(), b.AsSByte()).AsByte();

    /// <summary>PADDSW.</summary>
    public static Vector128<byte> PAddSW(Vector128<byte> a, Vector128<byte> b) =>
        Vector128.AddSaturate(a.AsInt16(), b.AsInt16()).AsByte();

    /// <summary>PADDUSB.</summary>
    public static Vector128<byte> PAddUSB(Vector128<byte> a, Vector128<byte> b) =>
        Vector128.AddSaturate(a, b);

    /// <summary>PADDUSW.</summary>
    public static Vector128<byte> PAddUSW(Vector128<byte> a, Vector128<byte> b) =>
        Vector128.AddSaturate(a.AsUInt16(), b.AsUInt16()).AsByte();

    /// <summary>PSUBB.</summary>
    public static Vector128<byte> PSubB(Vector128<byte> a, Vector128<byte> b) =>
        a - b;

    /// <summary>PSUBW.</summary>
    public static Vector128<byte> PSubW(Vector128<byte> a, Vector128<byte> b) =>
        (a.AsUInt16() - b.AsUInt16()).AsByte();

    /// <summary>PSUBD.</summary>
    public static Vector128<byte> PSubD(Vector128<byte> a, Vector128<byte> b) =>
        (a.AsUInt32() - b.AsUInt32()).AsByte();

    /// <summary>PSUBQ.</summary>
    public static Vector128<byte> PSubQ(Vector128<byte> a, Vector128<byte> b) =>
        (a.AsUInt64() - b.AsUInt64()).AsByte();

    /// <summary>PSUBSB.</summary>
    public static Vector128<byte> PSubSB(Vector128<byte> a, Vector128<byte> b) =>
        Vector128.SubtractSaturate(a.AsSByte(), b.AsSByte()).AsByte();

    /// <summary>PSUBSW.</summary>
    public static Vector128<byte> PSubSW(Vector128<byte> a, Vector128<byte> b) =>
        Vector128.SubtractSaturate(a.AsInt16(), b.AsInt16()).AsByte();

    /// <summary>PSUBUSB.</summary>
    public static Vector128<byte> PSubUSB(Vector128<byte> a, Vector128<byte> b) =>
        Vector128.SubtractSaturate(a, b);

    /// <summary>PSUBUSW.</summary>
    public static Vector128<byte> PSubUSW(Vector128<byte> a, Vector128<byte> b) =>
        Vector128.SubtractSaturate(a.AsUInt16(), b.AsUInt16()).AsByte();

    /// <summary>PMULLW.</summary>
    public static Vector128<byte> PMulLW(Vector128<byte> a, Vector128<byte> b) =>
        (a.AsUInt16() * b.AsUInt16()).AsByte();

    /// <summary>PMULUDQ.</summary>
    public static Vector128<byte> PMulUDQ(Vector128<byte> a, Vector128<byte> b) =>
        ((a.AsUInt64() & LowHalves) * (b.AsUInt64() & LowHalves)).AsByte();

    /// <summary>PMULHW.</summary>
    public static Vector128<byte> PMulHW(Vector128<byte> a, Vector128<byte> b)
    {
        var even = LowWords(a) * LowWords(b);
        var odd = HighWords(a) * HighWords(b);
        return ((even.AsUInt32() >> 16) | (odd.AsUInt32() & Vector128.Create(0xFFFF_0000u))).AsByte();
    }

    /// <summary>PMULHUW.</summary>
    public static Vector128<byte> PMulHUW(Vector128<byte> a, Vector128<byte> b)
    {
        var low = Vector128.Create(0xFFFFu);
        var even = (a.AsUInt32() & low) * (b.AsUInt32() & low);
        var odd = (a.AsUInt32() >> 16) * (b.AsUInt32() >> 16);
        return ((even >> 16) | (odd & ~low)).AsByte();
    }

    /// <summary>PMADDWD.</summary>
    public static Vector128<byte> PMAddWD(Vector128<byte> a, Vector128<byte> b) =>
        ((LowWords(a) * LowWords(b)) + (HighWords(a) * HighWords(b))).AsByte();

    /// <summary>PAVGB.</summary>
    public static Vector128<byte> PAvgB(Vector128<byte> a, Vector128<byte> b) =>
        (a | b) - (((a ^ b) >> 1) & Vector128.Create((byte)0x7F));

    /// <summary>PAVGW.</summary>
    public static Vector128<byte> PAvgW(Vector128<byte> a, Vector128<byte> b) =>
        ((a | b).AsUInt16() - ((a ^ b).AsUInt16() >> 1)).AsByte();

    /// <summary>PSADBW.</summary>
    public static Vector128<byte> PSadBW(Vector128<byte> a, Vector128<byte> b)
    {
        var difference = (Vector128.Max(a, b) - Vector128.Min(a, b)).AsUInt16();
        var pairs = (difference & Vector128.Create((ushort)0xFF)) + (difference >> 8);
        var fours = pairs.AsUInt64() + (pairs.AsUInt64() >> 16);
        return ((fours + (fours >> 32)) & Vector128.Create(0xFFFFUL)).AsByte();
    }

    /// <summary>PMINUB.</summary>
    public static Vector128<byte> PMinUB(Vector128<byte> a, Vector128<byte> b) =>
        Vector128.Min(a, b);

    /// <summary>PMINSW.</summary>
    public static Vector128<byte> PMinSW(Vector128<byte> a, Vector128<byte> b) =>
        Vector128.Min(a.AsInt16(), b.AsInt16()).AsByte();

    /// <summary>PMAXUB.</summary>
    public static Vector128<byte> PMaxUB(Vector128<byte> a, Vector128<byte> b) =>
        Vector128.Max(a, b);

    /// <summary>PMAXSW.</summary>
    public static Vector128<byte> PMaxSW(Vector128<byte> a, Vector128<byte> b) =>
        Vector128.Max(a.AsInt16(), b.AsInt16()).AsByte();

    /// <summary>PCMPEQB.</summary>
    public static Vector128<byte> PCmpEqB(Vector128<byte> a, Vector128<byte> b) =>
        Vector128.Equals(a, b);

    /// <summary>PCMPGTB.</summary>
    public static Vector128<byte> PCmpGtB(Vector128<byte> a, Vector128<byte> b) =>
        Vector128.GreaterThan(a.AsSByte(), b.AsSByte()).AsByte();

    /// <summary>PCMPEQW.</summary>
    public static Vector128<byte> PCmpEqW(Vector128<byte> a, Vector128<byte> b) =>
        Vector128.Equals(a.AsUInt16(), b.AsUInt16()).AsByte();

    /// <summary>PCMPGTW.</summary>
    public static Vector128<byte> PCmpGtW(Vector128<byte> a, Vector128<byte> b) =>
        Vector128.GreaterThan(a.AsInt16(), b.AsInt16()).AsByte();

    /// <summary>PCMPEQD.</summary>
    public static Vector128<byte> PCmpEqD(Vector128<byte> a, Vector128<byte> b) =>
        Vector128.Equals(a.AsUInt32(), b.AsUInt32()).AsByte();

    /// <summary>PCMPGTD.</summary>
    public static Vector128<byte> PCmpGtD(Vector128<byte> a, Vector128<byte> b) =>
        Vector128.GreaterThan(a.AsInt32(), b.AsInt32()).AsByte();

    /// <summary>PAND, ANDPS, ANDPD.</summary>
    public static Vector128<byte> PAnd(Vector128<byte> a, Vector128<byte> b) =>
        a & b;

    /// <summary>PANDN, ANDNPS, ANDNPD.</summary>
    public static Vector128<byte> PAndN(Vector128<byte> a, Vector128<byte> b) =>
        ~a & b;

    /// <summary>POR, ORPS, ORPD.</summary>
    public static Vector128<byte> POr(Vector128<byte> a, Vector128<byte> b) =>
        a | b;

    /// <summary>PXOR, XORPS, XORPD.</summary>
    public static Vector128<byte> PXor(Vector128<byte> a, Vector128<byte> b) =>
        a ^ b;

    /// <summary>PMOVMSKB.</summary>
    public static uint PMovMskB(Vector128<byte> a) =>
        a.ExtractMostSignificantBits();

    /// <summary>MOVMSKPS.</summary>
    public static uint MovMskPs(Vector128<byte> a) =>
        a.AsUInt32().ExtractMostSignificantBits();

    /// <summary>MOVMSKPD.</summary>
    public static uint MovMskPd(Vector128<byte> a) =>
        a.AsUInt64().ExtractMostSignificantBits();

    private static Vector128<ulong> LowHalves => Vector128.Create(0xFFFF_FFFFUL);

    private static Vector128<int> LowWords(Vector128<byte> value) => (value.AsInt32() << 16) >> 16;

    private static Vector128<int> HighWords(Vector128<byte> value) => value.AsInt32() >> 16;
}
