using System.Runtime.Intrinsics;

namespace Viaduct.Engines.Software.FloatingPoint;

/// <summary>
/// MMX integer instructions over register values; <c>a</c> is the destination operand, <c>b</c> the source. PAND, PANDN,
/// POR and PXOR are the language's own operators.
/// </summary>
public static class MmxInteger
{
    /// <summary>PADDB.</summary>
    public static ulong PAddB(ulong a, ulong b) =>
        Low(SseInteger.PAddB(Wide(a), Wide(b)));

    /// <summary>PADDW.</summary>
    public static ulong PAddW(ulong a, ulong b) =>
        Low(SseInteger.PAddW(Wide(a), Wide(b)));

    /// <summary>PADDD.</summary>
    public static ulong PAddD(ulong a, ulong b) =>
        Low(SseInteger.PAddD(Wide(a), Wide(b)));

    /// <summary>PADDQ.</summary>
    public static ulong PAddQ(ulong a, ulong b) =>
        Low(SseInteger.PAddQ(Wide(a), Wide(b)));

    /// <summary>PADDSB.</summary>
    public static ulong PAddSB(ulong a, ulong b) =>
        Low(SseInteger.PAddSB(Wide(a), Wide(b)));

    /// <summary>PADDSW.</summary>
    public static ulong PAddSW(ulong a, ulong b) =>
        Low(SseInteger.PAddSW(Wide(a), Wide(b)));

    /// <summary>PADDUSB.</summary>
    public static ulong PAddUSB(ulong a, ulong b) =>
        Low(SseInteger.PAddUSB(Wide(a), Wide(b)));

    /// <summary>PADDUSW.</summary>
    public static ulong PAddUSW(ulong a, ulong b) =>
        Low(SseInteger.PAddUSW(Wide(a), Wide(b)));

    /// <summary>PSUBB.</summary>
    public static ulong PSubB(ulong a, ulong b) =>
        Low(SseInteger.PSubB(Wide(a), Wide(b)));

    /// <summary>PSUBW.</summary>
    public static ulong PSubW(ulong a, ulong b) =>
        Low(SseInteger.PSubW(Wide(a), Wide(b)));

    /// <summary>PSUBD.</summary>
    public static ulong PSubD(ulong a, ulong b) =>
        Low(SseInteger.PSubD(Wide(a), Wide(b)));

    /// <summary>PSUBQ.</summary>
    public static ulong PSubQ(ulong a, ulong b) =>
        Low(SseInteger.PSubQ(Wide(a), Wide(b)));

    /// <summary>PSUBSB.</summary>
    public static ulong PSubSB(ulong a, ulong b) =>
        Low(SseInteger.PSubSB(Wide(a), Wide(b)));

    /// <summary>PSUBSW.</summary>
    public static ulong PSubSW(ulong a, ulong b) =>
        Low(SseInteger.PSubSW(Wide(a), Wide(b)));

    /// <summary>PSUBUSB.</summary>
    public static ulong PSubUSB(ulong a, ulong b) =>
        Low(SseInteger.PSubUSB(Wide(a), Wide(b)));

    /// <summary>PSUBUSW.</summary>
    public static ulong PSubUSW(ulong a, ulong b) =>
        Low(SseInteger.PSubUSW(Wide(a), Wide(b)));

    /// <summary>PMULLW.</summary>
    public static ulong PMulLW(ulong a, ulong b) =>
        Low(SseInteger.PMulLW(Wide(a), Wide(b)));

    /// <summary>PMULHW.</summary>
    public static ulong PMulHW(ulong a, ulong b) =>
        Low(SseInteger.PMulHW(Wide(a), Wide(b)));

    /// <summary>PMULHUW.</summary>
    public static ulong PMulHUW(ulong a, ulong b) =>
        Low(SseInteger.PMulHUW(Wide(a), Wide(b)));

    /// <summary>PMULUDQ.</summary>
    public static ulong PMulUDQ(ulong a, ulong b) =>
        Low(SseInteger.PMulUDQ(Wide(a), Wide(b)));

    /// <summary>PMADDWD.</summary>
    public static ulong PMAddWD(ulong a, ulong b) =>
        Low(SseInteger.PMAddWD(Wide(a), Wide(b)));

    /// <summary>PAVGB.</summary>
    public static ulong PAvgB(ulong a, ulong b) =>
        Low(SseInteger.PAvgB(Wide(a), Wide(b)));

    /// <summary>PAVGW.</summary>
    public static ulong PAvgW(ulong a, ulong b) =>
        Low(SseInteger.PAvgW(Wide(a), Wide(b)));

    /// <summary>PSADBW.</summary>
    public static ulong PSadBW(ulong a, ulong b) =>
        Low(SseInteger.PSadBW(Wide(a), Wide(b)));

    /// <summary>PMINUB.</summary>
    public static ulong PMinUB(ulong a, ulong b) =>
        Low(SseInteger.PMinUB(Wide(a), Wide(b)));

    /// <summary>PMAXUB.</summary>
    public static ulong PMaxUB(ulong a, ulong b) =>
        Low(SseInteger.PMaxUB(Wide(a), Wide(b)));

    /// <summary>PMINSW.</summary>
    public static ulong PMinSW(ulong a, ulong b) =>
        Low(SseInteger.PMinSW(Wide(a), Wide(b)));

    /// <summary>PMAXSW.</summary>
    public static ulong PMaxSW(ulong a, ulong b) =>
        Low(SseInteger.PMaxSW(Wide(a), Wide(b)));

    /// <summary>PCMPEQB.</summary>
    public static ulong PCmpEqB(ulong a, ulong b) =>
        Low(SseInteger.PCmpEqB(Wide(a), Wide(b)));

    /// <summary>PCMPEQW.</summary>
    public static ulong PCmpEqW(ulong a, ulong b) =>
        Low(SseInteger.PCmpEqW(Wide(a), Wide(b)));

    /// <summary>PCMPEQD.</summary>
    public static ulong PCmpEqD(ulong a, ulong b) =>
        Low(SseInteger.PCmpEqD(Wide(a), Wide(b)));

    /// <summary>PCMPGTB.</summary>
    public static ulong PCmpGtB(ulong a, ulong b) =>
        Low(SseInteger.PCmpGtB(Wide(a), Wide(b)));

    /// <summary>PCMPGTW.</summary>
    public static ulong PCmpGtW(ulong a, ulong b) =>
        Low(SseInteger.PCmpGtW(Wide(a), Wide(b)));

    /// <summary>PCMPGTD.</summary>
    public static ulong PCmpGtD(ulong a, ulong b) =>
        Low(SseInteger.PCmpGtD(Wide(a), Wide(b)));

    /// <summary>PACKSSWB.</summary>
    public static ulong PackSSWB(ulong a, ulong b) =>
        Low(SseShuffle.PackSSWB(Vector128.Create(a, b).AsByte(), Vector128<byte>.Zero));

    /// <summary>PACKSSDW.</summary>
    public static ulong PackSSDW(ulong a, ulong b) =>
        Low(SseShuffle.PackSSDW(Vector128.Create(a, b).AsByte(), Vector128<byte>.Zero));

    /// <summary>PACKUSWB.</summary>
    public static ulong PackUSWB(ulong a, ulong b) =>
        Low(SseShuffle.PackUSWB(Vector128.Create(a, b).AsByte(), Vector128<byte>.Zero));

    /// <summary>PUNPCKLBW.</summary>
    public static ulong PUnpckLBW(ulong a, ulong b) =>
        SseShuffle.PUnpckLBW(Wide(a), Wide(b)).AsUInt64().ToScalar();

    /// <summary>PUNPCKHBW.</summary>
    public static ulong PUnpckHBW(ulong a, ulong b) =>
        SseShuffle.PUnpckLBW(Wide(a), Wide(b)).AsUInt64().GetElement(1);

    /// <summary>PUNPCKLWD.</summary>
    public static ulong PUnpckLWD(ulong a, ulong b) =>
        SseShuffle.PUnpckLWD(Wide(a), Wide(b)).AsUInt64().ToScalar();

    /// <summary>PUNPCKHWD.</summary>
    public static ulong PUnpckHWD(ulong a, ulong b) =>
        SseShuffle.PUnpckLWD(Wide(a), Wide(b)).AsUInt64().GetElement(1);

    /// <summary>PUNPCKLDQ.</summary>
    public static ulong PUnpckLDQ(ulong a, ulong b) =>
        SseShuffle.PUnpckLDQ(Wide(a), Wide(b)).AsUInt64().ToScalar();

    /// <summary>PUNPCKHDQ.</summary>
    public static ulong PUnpckHDQ(ulong a, ulong b) =>
        SseShuffle.PUnpckLDQ(Wide(a), Wide(b)).AsUInt64().GetElement(1);

    /// <summary>PSLLW.</summary>
    public static ulong PSllW(ulong a, ulong count) =>
        Low(SseShift.PSllW(Wide(a), count));

    /// <summary>PSLLD.</summary>
    public static ulong PSllD(ulong a, ulong count) =>
        Low(SseShift.PSllD(Wide(a), count));

    /// <summary>PSLLQ.</summary>
    public static ulong PSllQ(ulong a, ulong count) =>
        Low(SseShift.PSllQ(Wide(a), count));

    /// <summary>PSRLW.</summary>
    public static ulong PSrlW(ulong a, ulong count) =>
        Low(SseShift.PSrlW(Wide(a), count));

    /// <summary>PSRLD.</summary>
    public static ulong PSrlD(ulong a, ulong count) =>
        Low(SseShift.PSrlD(Wide(a), count));

    /// <summary>PSRLQ.</summary>
    public static ulong PSrlQ(ulong a, ulong count) =>
        Low(SseShift.PSrlQ(Wide(a), count));

    /// <summary>PSRAW.</summary>
    public static ulong PSraW(ulong a, ulong count) =>
        Low(SseShift.PSraW(Wide(a), count));

    /// <summary>PSRAD.</summary>
    public static ulong PSraD(ulong a, ulong count) =>
        Low(SseShift.PSraD(Wide(a), count));

    /// <summary>PSHUFW.</summary>
    public static ulong PShufW(ulong b, byte order) =>
        SseShuffle.ShuffleWords(b, order);

    /// <summary>PMOVMSKB.</summary>
    public static uint PMovMskB(ulong a) =>
        Wide(a).ExtractMostSignificantBits();

    /// <summary>PEXTRW.</summary>
    public static uint PExtrW(ulong b, byte index) =>
        (ushort)(b >> ((index & 3) * 16));

    /// <summary>PINSRW.</summary>
    public static ulong PInsrW(ulong a, ushort value, byte index) =>
        (a & ~(0xFFFFUL << ((index & 3) * 16))) | ((ulong)value << ((index & 3) * 16));

    private static Vector128<byte> Wide(ulong value) => Vector128.CreateScalar(value).AsByte();

    private static ulong Low(Vector128<byte> value) => value.AsUInt64().ToScalar();
}
