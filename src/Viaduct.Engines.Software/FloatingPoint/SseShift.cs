using System.Runtime.Intrinsics;

namespace Viaduct.Engines.Software.FloatingPoint;

/// <summary>
/// SSE2 shifts over register values. The count is the immediate, or the whole low quadword of the source register:
/// counts past the width give zero, or the sign for arithmetic shifts. Those by elements serve MMX too.
/// </summary>
public static class SseShift
{
    /// <summary>PSLLW.</summary>
    public static Vector128<byte> PSllW(Vector128<byte> a, ulong count) =>
        count < 16 ? (a.AsUInt16() << (int)count).AsByte() : Vector128<byte>.Zero;

    /// <summary>PSRLW.</summary>
    public static Vector128<byte> PSrlW(Vector128<byte> a, ulong count) =>
        count < 16 ? (a.AsUInt16() >> (int)count).AsByte() : Vector128<byte>.Zero;

    /// <summary>PSRAW.</summary>
    public static Vector128<byte> PSraW(Vector128<byte> a, ulong count) =>
        (a.AsInt16() >> (int)ulong.Min(count, 15)).AsByte();

    /// <summary>PSLLD.</summary>
    public static Vector128<byte> PSllD(Vector128<byte> a, ulong count) =>
        count < 32 ? (a.AsUInt32() << (int)count).AsByte() : Vector128<byte>.Zero;

    /// <summary>PSRLD.</summary>
    public static Vector128<byte> PSrlD(Vector128<byte> a, ulong count) =>
        count < 32 ? (a.AsUInt32() >> (int)count).AsByte() : Vector128<byte>.Zero;

    /// <summary>PSRAD.</summary>
    public static Vector128<byte> PSraD(Vector128<byte> a, ulong count) =>
        (a.AsInt32() >> (int)ulong.Min(count, 31)).AsByte();

    /// <summary>PSLLQ.</summary>
    public static Vector128<byte> PSllQ(Vector128<byte> a, ulong count) =>
        count < 64 ? (a.AsUInt64() << (int)count).AsByte() : Vector128<byte>.Zero;

    /// <summary>PSRLQ.</summary>
    public static Vector128<byte> PSrlQ(Vector128<byte> a, ulong count) =>
        count < 64 ? (a.AsUInt64() >> (int)count).AsByte() : Vector128<byte>.Zero;

    /// <summary>PSLLDQ: <paramref name="count"/> in bytes.</summary>
    public static Vector128<byte> PSllDQ(Vector128<byte> a, byte count) =>
        count < 16 ? FromWide(Wide(a) << (count * 8)) : Vector128<byte>.Zero;

    /// <summary>PSRLDQ: <paramref name="count"/> in bytes.</summary>
    public static Vector128<byte> PSrlDQ(Vector128<byte> a, byte count) =>
        count < 16 ? FromWide(Wide(a) >> (count * 8)) : Vector128<byte>.Zero;

    private static UInt128 Wide(Vector128<byte> value) => new(value.AsUInt64().GetElement(1), value.AsUInt64().ToScalar());

    private static Vector128<byte> FromWide(UInt128 value) => Vector128.Create((ulong)value, (ulong)(value >> 64)).AsByte();
}
