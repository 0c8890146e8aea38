using System.Runtime.Intrinsics;
using Viaduct.Engines.Software.Decoding;
using Viaduct.Engines.Software.FloatingPoint;
using Viaduct.Engines.Software.Interpreter;
using Viaduct.Engines.Software.State;

namespace Viaduct.Engines.Software.Vectors;

/// <summary>
/// SSE and SSE2 floating-point instructions. The operation is <see cref="Op.Link"/>; the destination changes only
/// if no unmasked exception was raised.
/// </summary>
internal static unsafe class SseFloats
{
    internal static Op* Binary<TSource>(SoftwareCpu cpu, CpuState* s, Op* op)
        where TSource : IVectorSource
    {
        if (!Availability.HasSse(s))
        {
            return Availability.NoSse(s, op);
        }

        if (!TSource.Load(cpu, s, op, out Vector128<byte> value))
        {
            return Leave.Faulted(s, op);
        }

        FloatStatus status = new(s->Mxcsr);
        ref Vector128<byte> destination = ref Xmm.At(s, op->Destination);
        Vector128<byte> result = ((delegate*<Vector128<byte>, Vector128<byte>, ref FloatStatus, Vector128<byte>>)op->Link)(destination, value, ref status);
        if (!status.Commit(ref s->Mxcsr))
        {
            return Availability.SimdFault(s, op);
        }

        destination = result;
        return op + 1;
    }

    /// <summary>Only the source matters: square roots, conversions.</summary>
    internal static Op* Unary<TSource>(SoftwareCpu cpu, CpuState* s, Op* op)
        where TSource : IVectorSource
    {
        if (!Availability.HasSse(s))
        {
            return Availability.NoSse(s, op);
        }

        if (!TSource.Load(cpu, s, op, out Vector128<byte> value))
        {
            return Leave.Faulted(s, op);
        }

        FloatStatus status = new(s->Mxcsr);
        Vector128<byte> result = ((delegate*<Vector128<byte>, ref FloatStatus, Vector128<byte>>)op->Link)(value, ref status);
        if (!status.Commit(ref s->Mxcsr))
        {
            return Availability.SimdFault(s, op);
        }

        Xmm.At(s, op->Destination) = result;
        return op + 1;
    }

    /// <summary>CMPPS and its like: <see cref="Op.Extra"/> is the predicate.</summary>
    internal static Op* Compare<TSource>(SoftwareCpu cpu, CpuState* s, Op* op)
        where TSource : IVectorSource
    {
        if (!Availability.HasSse(s))
        {
            return Availability.NoSse(s, op);
        }

        if (!TSource.Load(cpu, s, op, out Vector128<byte> value))
        {
            return Leave.Faulted(s, op);
        }

        FloatStatus status = new(s->Mxcsr);
        ref Vector128<byte> destination = ref Xmm.At(s, op->Destination);
        Vector128<byte> result = ((delegate*<Vector128<byte>, Vector128<byte>, byte, ref FloatStatus, Vector128<byte>>)op->Link)(destination, value, op->Extra, ref status);
        if (!status.Commit(ref s->Mxcsr))
        {
            return Availability.SimdFault(s, op);
        }

        destination = result;
        return op + 1;
    }

    /// <summary>COMISS, UCOMISS, COMISD and UCOMISD.</summary>
    internal static Op* Relation<TSource>(SoftwareCpu cpu, CpuState* s, Op* op)
        where TSource : IVectorSource
    {
        if (!Availability.HasSse(s))
        {
            return Availability.NoSse(s, op);
        }

        if (!TSource.Load(cpu, s, op, out Vector128<byte> value))
        {
            return Leave.Faulted(s, op);
        }

        FloatStatus status = new(s->Mxcsr);
        FloatRelation relation = ((delegate*<Vector128<byte>, Vector128<byte>, ref FloatStatus, FloatRelation>)op->Link)(Xmm.At(s, op->Destination), value, ref status);
        if (!status.Commit(ref s->Mxcsr))
        {
            return Availability.SimdFault(s, op);
        }

        Flags.Write(s, (uint)relation);
        return op + 1;
    }

    /// <summary>CVTSI2SS and CVTSI2SD from a general register.</summary>
    internal static Op* FromGeneral<TWidth>(SoftwareCpu cpu, CpuState* s, Op* op)
        where TWidth : IWidth =>
        Availability.HasSse(s)
            ? FromInteger(s, op, (long)TWidth.SignExtend(TWidth.Read((byte*)s + op->Source)))
            : Availability.NoSse(s, op);

    /// <summary>CVTSI2SS and CVTSI2SD from memory.</summary>
    internal static Op* FromGeneralMemory<TWidth>(SoftwareCpu cpu, CpuState* s, Op* op)
        where TWidth : IWidth
    {
        if (!Availability.HasSse(s))
        {
            return Availability.NoSse(s, op);
        }

        return TWidth.Load(cpu, s, EffectiveAddress.Of(s, op), out ulong value)
            ? FromInteger(s, op, (long)TWidth.SignExtend(value))
            : Leave.Faulted(s, op);
    }

    /// <summary>CVTSS2SI, CVTSD2SI and their truncating forms to 32 bits.</summary>
    internal static Op* ToInt32<TSource>(SoftwareCpu cpu, CpuState* s, Op* op)
        where TSource : IVectorSource
    {
        if (!Availability.HasSse(s))
        {
            return Availability.NoSse(s, op);
        }

        if (!TSource.Load(cpu, s, op, out Vector128<byte> value))
        {
            return Leave.Faulted(s, op);
        }

        FloatStatus status = new(s->Mxcsr);
        int result = ((delegate*<Vector128<byte>, ref FloatStatus, int>)op->Link)(value, ref status);
        if (!status.Commit(ref s->Mxcsr))
        {
            return Availability.SimdFault(s, op);
        }

        *(ulong*)((byte*)s + op->Destination) = (uint)result;
        return op + 1;
    }

    /// <summary>As <see cref="ToInt32"/>, to 64 bits.</summary>
    internal static Op* ToInt64<TSource>(SoftwareCpu cpu, CpuState* s, Op* op)
        where TSource : IVectorSource
    {
        if (!Availability.HasSse(s))
        {
            return Availability.NoSse(s, op);
        }

        if (!TSource.Load(cpu, s, op, out Vector128<byte> value))
        {
            return Leave.Faulted(s, op);
        }

        FloatStatus status = new(s->Mxcsr);
        long result = ((delegate*<Vector128<byte>, ref FloatStatus, long>)op->Link)(value, ref status);
        if (!status.Commit(ref s->Mxcsr))
        {
            return Availability.SimdFault(s, op);
        }

        *(long*)((byte*)s + op->Destination) = result;
        return op + 1;
    }

    private static Op* FromInteger(CpuState* s, Op* op, long value)
    {
        FloatStatus status = new(s->Mxcsr);
        ref Vector128<byte> destination = ref Xmm.At(s, op->Destination);
        Vector128<byte> result = ((delegate*<Vector128<byte>, long, ref FloatStatus, Vector128<byte>>)op->Link)(destination, value, ref status);
        if (!status.Commit(ref s->Mxcsr))
        {
            return Availability.SimdFault(s, op);
        }

        destination = result;
        return op + 1;
    }
}
