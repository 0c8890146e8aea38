using System.Runtime.Intrinsics;

namespace Viaduct.Engines.Software.FloatingPoint;

/// <summary>
/// SSE and SSE2 floating-point instructions over register values. <c>a</c> is the destination operand, <c>b</c> the
/// source; scalar forms read <c>b</c>'s low element and keep the rest of <c>a</c>. What was raised is in the status:
/// the caller commits it to MXCSR and writes the destination only if that doesn't fault.
/// </summary>
public static unsafe class SseFloat
{
    /// <summary>ADDPS.</summary>
    public static Vector128<byte> AddPs(Vector128<byte> a, Vector128<byte> b, ref FloatStatus status)
    {
        if (status.HostArithmetic)
        {
            var result = (a.AsSingle() + b.AsSingle()).AsByte();
            if (PlainLanes.ArePlain32(a) && PlainLanes.ArePlain32(b) && PlainLanes.AreSafe32(result))
            {
                return result;
            }
        }

        return Each32(a, b, &Float32.Add, ref status);
    }

    /// <summary>ADDPD.</summary>
    public static Vector128<byte> AddPd(Vector128<byte> a, Vector128<byte> b, ref FloatStatus status)
    {
        if (status.HostArithmetic)
        {
            var result = (a.AsDouble() + b.AsDouble()).AsByte();
            if (PlainLanes.ArePlain64(a) && PlainLanes.ArePlain64(b) && PlainLanes.AreSafe64(result))
            {
                return result;
            }
        }

        return Each64(a, b, &Float64.Add, ref status);
    }

    /// <summary>ADDSS.</summary>
    public static Vector128<byte> AddSs(Vector128<byte> a, Vector128<byte> b, ref FloatStatus status) =>
        WithLow32(a, Float32.Add(a.AsUInt32().ToScalar(), b.AsUInt32().ToScalar(), ref status));

    /// <summary>ADDSD.</summary>
    public static Vector128<byte> AddSd(Vector128<byte> a, Vector128<byte> b, ref FloatStatus status) =>
        WithLow64(a, Float64.Add(a.AsUInt64().ToScalar(), b.AsUInt64().ToScalar(), ref status));

    /// <summary>SUBPS.</summary>
    public static Vector128<byte> SubPs(Vector128<byte> a, Vector128<byte> b, ref FloatStatus status)
    {
        if (status.HostArithmetic)
        {
            var result = (a.AsSingle() - b.AsSingle()).AsByte();
            if (PlainLanes.ArePlain32(a) && PlainLanes.ArePlain32(b) && PlainLanes.AreSafe32(result))
            {
                return result;
            }
        }

        return Each32(a, b, &Float32.Subtract, ref status);
    }

    /// <summary>SUBPD.</summary>
    public static Vector128<byte> SubPd(Vector128<byte> a, Vector128<byte> b, ref FloatStatus status)
    {
        if (status.HostArithmetic)
        {
            var result = (a.AsDouble() - b.AsDouble()).AsByte();
            if (PlainLanes.ArePlain64(a) && PlainLanes.ArePlain64(b) && PlainLanes.AreSafe64(result))
            {
                return result;
            }
        }

        return Each64(a, b, &Float64.Subtract, ref status);
    }

    /// <summary>SUBSS.</summary>
    public static Vector128<byte> SubSs(Vector128<byte> a, Vector128<byte> b, ref FloatStatus status) =>
        WithLow32(a, Float32.Subtract(a.AsUInt32().ToScalar(), b.AsUInt32().ToScalar(), ref status));

    /// <summary>SUBSD.</summary>
    public static Vector128<byte> SubSd(Vector128<byte> a, Vector128<byte> b, ref FloatStatus status) =>
        WithLow64(a, Float64.Subtract(a.AsUInt64().ToScalar(), b.AsUInt64().ToScalar(), ref status));

    /// <summary>MULPS.</summary>
    public static Vector128<byte> MulPs(Vector128<byte> a, Vector128<byte> b, ref FloatStatus status)
    {
        if (status.HostArithmetic)
        {
            var result = (a.AsSingle() * b.AsSingle()).AsByte();
            if (PlainLanes.ArePlain32(a) && PlainLanes.ArePlain32(b) && PlainLanes.AreSafe32(result))
            {
                return result;
            }
        }

        return Each32(a, b, &Float32.Multiply, ref status);
    }

    /// <summary>MULPD.</summary>
    public static Vector128<byte> MulPd(Vector128<byte> a, Vector128<byte> b, ref FloatStatus status)
    {
        if (status.HostArithmetic)
        {
            var result = (a.AsDouble() * b.AsDouble()).AsByte();
            if (PlainLanes.ArePlain64(a) && PlainLanes.ArePlain64(b) && PlainLanes.AreSafe64(result))
            {
                return result;
            }
        }

        return Each64(a, b, &Float64.Multiply, ref status);
    }

    /// <summary>MULSS.</summary>
    public static Vector128<byte> MulSs(Vector128<byte> a, Vector128<byte> b, ref FloatStatus status) =>
        WithLow32(a, Float32.Multiply(a.AsUInt32().ToScalar(), b.AsUInt32().ToScalar(), ref status));

    /// <summary>MULSD.</summary>
    public static Vector128<byte> MulSd(Vector128<byte> a, Vector128<byte> b, ref FloatStatus status) =>
        WithLow64(a, Float64.Multiply(a.AsUInt64().ToScalar(), b.AsUInt64().ToScalar(), ref status));

    /// <summary>DIVPS.</summary>
    public static Vector128<byte> DivPs(Vector128<byte> a, Vector128<byte> b, ref FloatStatus status)
    {
        if (status.HostArithmetic)
        {
            var result = (a.AsSingle() / b.AsSingle()).AsByte();
            if (PlainLanes.ArePlain32(a) && PlainLanes.ArePlain32(b) && PlainLanes.AreSafe32(result))
            {
                return result;
            }
        }

        return Each32(a, b, &Float32.Divide, ref status);
    }

    /// <summary>DIVPD.</summary>
    public static Vector128<byte> DivPd(Vector128<byte> a, Vector128<byte> b, ref FloatStatus status)
    {
        if (status.HostArithmetic)
        {
            var result = (a.AsDouble() / b.AsDouble()).AsByte();
            if (PlainLanes.ArePlain64(a) && PlainLanes.ArePlain64(b) && PlainLanes.AreSafe64(result))
            {
                return result;
            }
        }

        return Each64(a, b, &Float64.Divide, ref status);
    }

    /// <summary>DIVSS.</summary>
    public static Vector128<byte> DivSs(Vector128<byte> a, Vector128<byte> b, ref FloatStatus status) =>
        WithLow32(a, Float32.Divide(a.AsUInt32().ToScalar(), b.AsUInt32().ToScalar(), ref status));

    /// <summary>DIVSD.</summary>
    public static Vector128<byte> DivSd(Vector128<byte> a, Vector128<byte> b, ref FloatStatus status) =>
        WithLow64(a, Float64.Divide(a.AsUInt64().ToScalar(), b.AsUInt64().ToScalar(), ref status));

    /// <summary>MINPS.</summary>
    public static Vector128<byte> MinPs(Vector128<byte> a, Vector128<byte> b, ref FloatStatus status)
    {
        return Each32(a, b, &Float32.Min, ref status);
    }

    /// <summary>MINPD.</summary>
    public static Vector128<byte> MinPd(Vector128<byte> a, Vector128<byte> b, ref FloatStatus status)
    {
        return Each64(a, b, &Float64.Min, ref status);
    }

    /// <summary>MINSS.</summary>
    public static Vector128<byte> MinSs(Vector128<byte> a, Vector128<byte> b, ref FloatStatus status) =>
        WithLow32(a, Float32.Min(a.AsUInt32().ToScalar(), b.AsUInt32().ToScalar(), ref status));

    /// <summary>MINSD.</summary>
    public static Vector128<byte> MinSd(Vector128<byte> a, Vector128<byte> b, ref FloatStatus status) =>
        WithLow64(a, Float64.Min(a.AsUInt64().ToScalar(), b.AsUInt64().ToScalar(), ref status));

    /// <summary>MAXPS.</summary>
    public static Vector128<byte> MaxPs(Vector128<byte> a, Vector128<byte> b, ref FloatStatus status)
    {
        return Each32(a, b, &Float32.Max, ref status);
    }

    /// <summary>MAXPD.</summary>
    public static Vector128<byte> MaxPd(Vector128<byte> a, Vector128<byte> b, ref FloatStatus status)
    {
        return Each64(a, b, &Float64.Max, ref status);
    }

    /// <summary>MAXSS.</summary>
    public static Vector128<byte> MaxSs(Vector128<byte> a, Vector128<byte> b, ref FloatStatus status) =>
        WithLow32(a, Float32.Max(a.AsUInt32().ToScalar(), b.AsUInt32().ToScalar(), ref status));

    /// <summary>MAXSD.</summary>
    public static Vector128<byte> MaxSd(Vector128<byte> a, Vector128<byte> b, ref FloatStatus status) =>
        WithLow64(a, Float64.Max(a.AsUInt64().ToScalar(), b.AsUInt64().ToScalar(), ref status));

    /// <summary>SQRTPS.</summary>
    public static Vector128<byte> SqrtPs(Vector128<byte> value, ref FloatStatus status)
    {
        var result = Vector128<uint>.Zero;
        for (var i = 0; i < 4; i++)
        {
            result = result.WithElement(i, Float32.SquareRoot(value.AsUInt32().GetElement(i), ref status));
        }

        return result.AsByte();
    }

    /// <summary>SQRTPD.</summary>
    public static Vector128<byte> SqrtPd(Vector128<byte> value, ref FloatStatus status)
    {
        var result = Vector128<ulong>.Zero;
        for (var i = 0; i < 2; i++)
        {
            result = result.WithElement(i, Float64.SquareRoot(value.AsUInt64().GetElement(i), ref status));
        }

        return result.AsByte();
    }

    /// <summary>SQRTSS: the root of <paramref name="b"/>'s low element, the rest of <paramref name="a"/>.</summary>
    public static Vector128<byte> SqrtSs(Vector128<byte> a, Vector128<byte> b, ref FloatStatus status) =>
        WithLow32(a, Float32.SquareRoot(b.AsUInt32().ToScalar(), ref status));

    /// <summary>SQRTSD: the root of <paramref name="b"/>'s low element, the rest of <paramref name="a"/>.</summary>
    public static Vector128<byte> SqrtSd(Vector128<byte> a, Vector128<byte> b, ref FloatStatus status) =>
        WithLow64(a, Float64.SquareRoot(b.AsUInt64().ToScalar(), ref status));

    /// <summary>CMPPS with <paramref name="predicate"/> 0 to 7.</summary>
    public static Vector128<byte> CmpPs(Vector128<byte> a, Vector128<byte> b, byte predicate, ref FloatStatus status)
    {
        var result = Vector128<uint>.Zero;
        for (var i = 0; i < 4; i++)
        {
            var holds = Float32.Compare(a.AsUInt32().GetElement(i), b.AsUInt32().GetElement(i), predicate, ref status);
            result = result.WithElement(i, holds);
        }

        return result.AsByte();
    }

    /// <summary>CMPPD with <paramref name="predicate"/> 0 to 7.</summary>
    public static Vector128<byte> CmpPd(Vector128<byte> a, Vector128<byte> b, byte predicate, ref FloatStatus status)
    {
        var result = Vector128<ulong>.Zero;
        for (var i = 0; i < 2; i++)
        {
            var holds = Float64.Compare(a.AsUInt64().GetElement(i), b.AsUInt64().GetElement(i), predicate, ref status);
            result = result.WithElement(i, holds);
        }

        return result.AsByte();
    }

    /// <summary>CMPSS with <paramref name="predicate"/> 0 to 7.</summary>
    public static Vector128<byte> CmpSs(Vector128<byte> a, Vector128<byte> b, byte predicate, ref FloatStatus status) =>
        WithLow32(a, Float32.Compare(a.AsUInt32().ToScalar(), b.AsUInt32().ToScalar(), predicate, ref status));

    /// <summary>CMPSD with <paramref name="predicate"/> 0 to 7.</summary>
    public static Vector128<byte> CmpSd(Vector128<byte> a, Vector128<byte> b, byte predicate, ref FloatStatus status) =>
        WithLow64(a, Float64.Compare(a.AsUInt64().ToScalar(), b.AsUInt64().ToScalar(), predicate, ref status));

    /// <summary>COMISS: the value is RFLAGS' ZF, PF and CF; OF, SF and AF are cleared.</summary>
    public static FloatRelation ComiSs(Vector128<byte> a, Vector128<byte> b, ref FloatStatus status) =>
        Float32.Compare(a.AsUInt32().ToScalar(), b.AsUInt32().ToScalar(), quietIsInvalid: true, ref status);

    /// <summary>COMISD: the value is RFLAGS' ZF, PF and CF; OF, SF and AF are cleared.</summary>
    public static FloatRelation ComiSd(Vector128<byte> a, Vector128<byte> b, ref FloatStatus status) =>
        Float64.Compare(a.AsUInt64().ToScalar(), b.AsUInt64().ToScalar(), quietIsInvalid: true, ref status);

    /// <summary>UCOMISS: the value is RFLAGS' ZF, PF and CF; OF, SF and AF are cleared.</summary>
    public static FloatRelation UcomiSs(Vector128<byte> a, Vector128<byte> b, ref FloatStatus status) =>
        Float32.Compare(a.AsUInt32().ToScalar(), b.AsUInt32().ToScalar(), quietIsInvalid: false, ref status);

    /// <summary>UCOMISD: the value is RFLAGS' ZF, PF and CF; OF, SF and AF are cleared.</summary>
    public static FloatRelation UcomiSd(Vector128<byte> a, Vector128<byte> b, ref FloatStatus status) =>
        Float64.Compare(a.AsUInt64().ToScalar(), b.AsUInt64().ToScalar(), quietIsInvalid: false, ref status);

    /// <summary>RCPPS: an approximation that raises nothing.</summary>
    public static Vector128<byte> RcpPs(Vector128<byte> value)
    {
        var result = Vector128<uint>.Zero;
        for (var i = 0; i < 4; i++)
        {
            result = result.WithElement(i, Approximation.Reciprocal(value.AsUInt32().GetElement(i)));
        }

        return result.AsByte();
    }

    /// <summary>RCPSS: an approximation that raises nothing.</summary>
    public static Vector128<byte> RcpSs(Vector128<byte> a, Vector128<byte> b) =>
        WithLow32(a, Approximation.Reciprocal(b.AsUInt32().ToScalar()));

    /// <summary>RSQRTPS: an approximation that raises nothing.</summary>
    public static Vector128<byte> RsqrtPs(Vector128<byte> value)
    {
        var result = Vector128<uint>.Zero;
        for (var i = 0; i < 4; i++)
        {
            result = result.WithElement(i, Approximation.ReciprocalSquareRoot(value.AsUInt32().GetElement(i)));
        }

        return result.AsByte();
    }

    /// <summary>RSQRTSS: an approximation that raises nothing.</summary>
    public static Vector128<byte> RsqrtSs(Vector128<byte> a, Vector128<byte> b) =>
        WithLow32(a, Approximation.ReciprocalSquareRoot(b.AsUInt32().ToScalar()));

    private static Vector128<byte> WithLow32(Vector128<byte> upper, uint low) =>
        upper.AsUInt32().WithElement(0, low).AsByte();

    private static Vector128<byte> WithLow64(Vector128<byte> upper, ulong low) =>
        upper.AsUInt64().WithElement(0, low).AsByte();

    private static Vector128<byte> Each32(
        Vector128<byte> a, Vector128<byte> b, delegate*<uint, uint, ref FloatStatus, uint> compute, ref FloatStatus status)
    {
        var left = a.AsUInt32();
        var right = b.AsUInt32();
        var result = Vector128<uint>.Zero;
        for (var i = 0; i < 4; i++)
        {
            result = result.WithElement(i, compute(left.GetElement(i), right.GetElement(i), ref status));
        }

        return result.AsByte();
    }

    private static Vector128<byte> Each64(
        Vector128<byte> a, Vector128<byte> b, delegate*<ulong, ulong, ref FloatStatus, ulong> compute, ref FloatStatus status)
    {
        var low = compute(a.AsUInt64().ToScalar(), b.AsUInt64().ToScalar(), ref status);
        return Vector128.Create(low, compute(a.AsUInt64().GetElement(1), b.AsUInt64().GetElement(1), ref status)).AsByte();
    }
}
