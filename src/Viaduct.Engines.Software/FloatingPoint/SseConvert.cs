using System.Runtime.Intrinsics;

namespace Viaduct.Engines.Software.FloatingPoint;

/// <summary>
/// SSE and SSE2 conversions over register values; integers and MMX registers are plain integers. Operands and status
/// as in <see cref="SseFloat"/>.
/// </summary>
public static class SseConvert
{
    /// <summary>CVTPS2PD.</summary>
    public static Vector128<byte> CvtPs2Pd(Vector128<byte> b, ref FloatStatus status)
    {
        var low = Float32.ToFloat64(b.AsUInt32().ToScalar(), ref status);
        return Vector128.Create(low, Float32.ToFloat64(b.AsUInt32().GetElement(1), ref status)).AsByte();
    }

    /// <summary>CVTPD2PS.</summary>
    public static Vector128<byte> CvtPd2Ps(Vector128<byte> b, ref FloatStatus status)
    {
        var low = Float64.ToFloat32(b.AsUInt64().ToScalar(), ref status);
        return Vector128.Create(low, Float64.ToFloat32(b.AsUInt64().GetElement(1), ref status), 0, 0).AsByte();
    }

    /// <summary>CVTSS2SD.</summary>
    public static Vector128<byte> CvtSs2Sd(Vector128<byte> a, Vector128<byte> b, ref FloatStatus status) =>
        a.AsUInt64().WithElement(0, Float32.ToFloat64(b.AsUInt32().ToScalar(), ref status)).AsByte();

    /// <summary>CVTSD2SS.</summary>
    public static Vector128<byte> CvtSd2Ss(Vector128<byte> a, Vector128<byte> b, ref FloatStatus status) =>
        a.AsUInt32().WithElement(0, Float64.ToFloat32(b.AsUInt64().ToScalar(), ref status)).AsByte();

    /// <summary>CVTSI2SS from 32 bits.</summary>
    public static Vector128<byte> CvtSi2Ss(Vector128<byte> a, int value, ref FloatStatus status) =>
        a.AsUInt32().WithElement(0, Float32.FromInt32(value, ref status)).AsByte();

    /// <summary>CVTSI2SS from 64 bits.</summary>
    public static Vector128<byte> CvtSi2Ss(Vector128<byte> a, long value, ref FloatStatus status) =>
        a.AsUInt32().WithElement(0, Float32.FromInt64(value, ref status)).AsByte();

    /// <summary>CVTSI2SD from 32 bits.</summary>
    public static Vector128<byte> CvtSi2Sd(Vector128<byte> a, int value, ref FloatStatus status) =>
        a.AsUInt64().WithElement(0, Float64.FromInt32(value, ref status)).AsByte();

    /// <summary>CVTSI2SD from 64 bits.</summary>
    public static Vector128<byte> CvtSi2Sd(Vector128<byte> a, long value, ref FloatStatus status) =>
        a.AsUInt64().WithElement(0, Float64.FromInt64(value, ref status)).AsByte();

    /// <summary>CVTSS2SI to 32 bits.</summary>
    public static int CvtSs2Si32(Vector128<byte> b, ref FloatStatus status) =>
        Float32.ToInt32(b.AsUInt32().ToScalar(), ref status);

    /// <summary>CVTTSS2SI to 32 bits.</summary>
    public static int CvttSs2Si32(Vector128<byte> b, ref FloatStatus status) =>
        Float32.TruncateToInt32(b.AsUInt32().ToScalar(), ref status);

    /// <summary>CVTSS2SI to 64 bits.</summary>
    public static long CvtSs2Si64(Vector128<byte> b, ref FloatStatus status) =>
        Float32.ToInt64(b.AsUInt32().ToScalar(), ref status);

    /// <summary>CVTTSS2SI to 64 bits.</summary>
    public static long CvttSs2Si64(Vector128<byte> b, ref FloatStatus status) =>
        Float32.TruncateToInt64(b.AsUInt32().ToScalar(), ref status);

    /// <summary>CVTSD2SI to 32 bits.</summary>
    public static int CvtSd2Si32(Vector128<byte> b, ref FloatStatus status) =>
        Float64.ToInt32(b.AsUInt64().ToScalar(), ref status);

    /// <summary>CVTTSD2SI to 32 bits.</summary>
    public static int CvttSd2Si32(Vector128<byte> b, ref FloatStatus status) =>
        Float64.TruncateToInt32(b.AsUInt64().ToScalar(), ref status);

    /// <summary>CVTSD2SI to 64 bits.</summary>
    public static long CvtSd2Si64(Vector128<byte> b, ref FloatStatus status) =>
        Float64.ToInt64(b.AsUInt64().ToScalar(), ref status);

    /// <summary>CVTTSD2SI to 64 bits.</summary>
    public static long CvttSd2Si64(Vector128<byte> b, ref FloatStatus status) =>
        Float64.TruncateToInt64(b.AsUInt64().ToScalar(), ref status);

    /// <summary>CVTDQ2PS.</summary>
    public static Vector128<byte> CvtDq2Ps(Vector128<byte> b, ref FloatStatus status)
    {
        var result = Vector128<uint>.Zero;
        for (var i = 0; i < 4; i++)
        {
            result = result.WithElement(i, Float32.FromInt32(b.AsInt32().GetElement(i), ref status));
        }

        return result.AsByte();
    }

    /// <summary>CVTDQ2PD: always exact.</summary>
    public static Vector128<byte> CvtDq2Pd(Vector128<byte> b) => CvtPi2Pd(b.AsUInt64().ToScalar());

    /// <summary>CVTPI2PD: always exact.</summary>
    public static Vector128<byte> CvtPi2Pd(ulong b) => Vector128.Create((double)(int)b, (int)(b >> 32)).AsByte();

    /// <summary>CVTPI2PS.</summary>
    public static Vector128<byte> CvtPi2Ps(Vector128<byte> a, ulong b, ref FloatStatus status)
    {
        var low = Float32.FromInt32((int)b, ref status);
        var high = Float32.FromInt32((int)(b >> 32), ref status);
        return a.AsUInt64().WithElement(0, ((ulong)high << 32) | low).AsByte();
    }

    /// <summary>CVTPS2DQ.</summary>
    public static Vector128<byte> CvtPs2Dq(Vector128<byte> b, ref FloatStatus status)
    {
        var result = Vector128<int>.Zero;
        for (var i = 0; i < 4; i++)
        {
            result = result.WithElement(i, Float32.ToInt32(b.AsUInt32().GetElement(i), ref status));
        }

        return result.AsByte();
    }

    /// <summary>CVTPD2DQ: the upper half is zero.</summary>
    public static Vector128<byte> CvtPd2Dq(Vector128<byte> b, ref FloatStatus status) =>
        Vector128.Create(CvtPd2Pi(b, ref status), 0UL).AsByte();

    /// <summary>CVTPD2PI.</summary>
    public static ulong CvtPd2Pi(Vector128<byte> b, ref FloatStatus status)
    {
        var low = (uint)Float64.ToInt32(b.AsUInt64().ToScalar(), ref status);
        return low | ((ulong)(uint)Float64.ToInt32(b.AsUInt64().GetElement(1), ref status) << 32);
    }

    /// <summary>CVTPS2PI.</summary>
    public static ulong CvtPs2Pi(Vector128<byte> b, ref FloatStatus status)
    {
        var low = (uint)Float32.ToInt32(b.AsUInt32().ToScalar(), ref status);
        return low | ((ulong)(uint)Float32.ToInt32(b.AsUInt32().GetElement(1), ref status) << 32);
    }

    /// <summary>CVTTPS2DQ.</summary>
    public static Vector128<byte> CvttPs2Dq(Vector128<byte> b, ref FloatStatus status)
    {
        var result = Vector128<int>.Zero;
        for (var i = 0; i < 4; i++)
        {
            result = result.WithElement(i, Float32.TruncateToInt32(b.AsUInt32().GetElement(i), ref status));
        }

        return result.AsByte();
    }

    /// <summary>CVTTPD2DQ: the upper half is zero.</summary>
    public static Vector128<byte> CvttPd2Dq(Vector128<byte> b, ref FloatStatus status) =>
        Vector128.Create(CvttPd2Pi(b, ref status), 0UL).AsByte();

    /// <summary>CVTTPD2PI.</summary>
    public static ulong CvttPd2Pi(Vector128<byte> b, ref FloatStatus status)
    {
        var low = (uint)Float64.TruncateToInt32(b.AsUInt64().ToScalar(), ref status);
        return low | ((ulong)(uint)Float64.TruncateToInt32(b.AsUInt64().GetElement(1), ref status) << 32);
    }

    /// <summary>CVTTPS2PI.</summary>
    public static ulong CvttPs2Pi(Vector128<byte> b, ref FloatStatus status)
    {
        var low = (uint)Float32.TruncateToInt32(b.AsUInt32().ToScalar(), ref status);
        return low | ((ulong)(uint)Float32.TruncateToInt32(b.AsUInt32().GetElement(1), ref status) << 32);
    }
}
