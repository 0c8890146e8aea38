using System.Runtime.Intrinsics;

namespace Viaduct.Engines.Software.FloatingPoint;

/// <summary>SSE and SSE2 packing, unpacking and shuffling over register values; operands as in <see cref="SseInteger"/>.</summary>
public static class SseShuffle
{
    /// <summary>PACKSSWB.</summary>
    public static Vector128<byte> PackSSWB(Vector128<byte> a, Vector128<byte> b) =>
        Vector128.NarrowWithSaturation(a.AsInt16(), b.AsInt16()).AsByte();

    /// <summary>PACKSSDW.</summary>
    public static Vector128<byte> PackSSDW(Vector128<byte> a, Vector128<byte> b) =>
        Vector128.NarrowWithSaturation(a.AsInt32(), b.AsInt32()).AsByte();

    /// <summary>PACKUSWB.</summary>
    public static Vector128<byte> PackUSWB(Vector128<byte> a, Vector128<byte> b) =>
        Vector128.Narrow(ClampToByte(a), ClampToByte(b));

    /// <summary>PUNPCKLBW.</summary>
    public static Vector128<byte> PUnpckLBW(Vector128<byte> a, Vector128<byte> b) =>
        (Vector128.WidenLower(a) | (Vector128.WidenLower(b) << 8)).AsByte();

    /// <summary>PUNPCKLWD.</summary>
    public static Vector128<byte> PUnpckLWD(Vector128<byte> a, Vector128<byte> b) =>
        (Vector128.WidenLower(a.AsUInt16()) | (Vector128.WidenLower(b.AsUInt16()) << 16)).AsByte();

    /// <summary>PUNPCKLDQ, UNPCKLPS.</summary>
    public static Vector128<byte> PUnpckLDQ(Vector128<byte> a, Vector128<byte> b) =>
        (Vector128.WidenLower(a.AsUInt32()) | (Vector128.WidenLower(b.AsUInt32()) << 32)).AsByte();

    /// <summary>PUNPCKLQDQ, UNPCKLPD.</summary>
    public static Vector128<byte> PUnpckLQDQ(Vector128<byte> a, Vector128<byte> b) =>
        Vector128.Create(a.AsUInt64().GetLower(), b.AsUInt64().GetLower()).AsByte();

    /// <summary>PUNPCKHBW.</summary>
    public static Vector128<byte> PUnpckHBW(Vector128<byte> a, Vector128<byte> b) =>
        (Vector128.WidenUpper(a) | (Vector128.WidenUpper(b) << 8)).AsByte();

    /// <summary>PUNPCKHWD.</summary>
    public static Vector128<byte> PUnpckHWD(Vector128<byte> a, Vector128<byte> b) =>
        (Vector128.WidenUpper(a.AsUInt16()) | (Vector128.WidenUpper(b.AsUInt16()) << 16)).AsByte();

    /// <summary>PUNPCKHDQ, UNPCKHPS.</summary>
    public static Vector128<byte> PUnpckHDQ(Vector128<byte> a, Vector128<byte> b) =>
        (Vector128.WidenUpper(a.AsUInt32()) | (Vector128.WidenUpper(b.AsUInt32()) << 32)).AsByte();

    /// <summary>PUNPCKHQDQ, UNPCKHPD.</summary>
    public static Vector128<byte> PUnpckHQDQ(Vector128<byte> a, Vector128<byte> b) =>
        Vector128.Create(a.AsUInt64().GetUpper(), b.AsUInt64().GetUpper()).AsByte();

    /// <summary>PSHUFD.</summary>
    public static Vector128<byte> PShufD(Vector128<byte> b, byte order) =>
        Vector128.Shuffle(b.AsUInt32(), Vector128.Create(order, (uint)order >> 2, (uint)order >> 4, (uint)order >> 6) & Vector128.Create(3u)).AsByte();

    /// <summary>PSHUFLW, and PSHUFW on the low half.</summary>
    public static Vector128<byte> PShufLW(Vector128<byte> b, byte order) =>
        b.AsUInt64().WithElement(0, ShuffleWords(b.AsUInt64().ToScalar(), order)).AsByte();

    /// <summary>PSHUFHW.</summary>
    public static Vector128<byte> PShufHW(Vector128<byte> b, byte order) =>
        b.AsUInt64().WithElement(1, ShuffleWords(b.AsUInt64().GetElement(1), order)).AsByte();

    /// <summary>SHUFPS.</summary>
    public static Vector128<byte> ShufPs(Vector128<byte> a, Vector128<byte> b, byte order) =>
        Vector128.Create(PShufD(a, order).AsUInt64().ToScalar(), PShufD(b, order).AsUInt64().GetElement(1)).AsByte();

    /// <summary>SHUFPD.</summary>
    public static Vector128<byte> ShufPd(Vector128<byte> a, Vector128<byte> b, byte order) =>
        Vector128.Create(a.AsUInt64().GetElement(order & 1), b.AsUInt64().GetElement((order >> 1) & 1)).AsByte();

    /// <summary>PEXTRW.</summary>
    public static uint PExtrW(Vector128<byte> b, byte index) => b.AsUInt16().GetElement(index & 7);

    /// <summary>PINSRW.</summary>
    public static Vector128<byte> PInsrW(Vector128<byte> a, ushort value, byte index) => a.AsUInt16().WithElement(index & 7, value).AsByte();

    /// <summary>Word <c>i</c> of the result is the word of <paramref name="words"/> that bits <c>2i+1:2i</c> name.</summary>
    internal static ulong ShuffleWords(ulong words, byte order)
    {
        ulong result = 0;
        for (var i = 3; i >= 0; i--)
        {
            result = (result << 16) | ((words >> (((order >> (2 * i)) & 3) * 16)) & 0xFFFF);
        }

        return result;
    }

    private static Vector128<ushort> ClampToByte(Vector128<byte> value) =>
        Vector128.Clamp(value.AsInt16(), Vector128<short>.Zero, Vector128.Create((short)0xFF)).AsUInt16();
}
