using System.Runtime.Intrinsics;
using Viaduct.Engines.Software.Decoding;
using Viaduct.Engines.Software.Interpreter;
using Viaduct.Engines.Software.State;

namespace Viaduct.Engines.Software.Vectors;

/// <summary>SSE2 instructions that raise no floating-point exceptions. The operation is <see cref="Op.Link"/> but where a type says it.</summary>
internal static unsafe class SseInstructions
{
    internal static Op* Frequent<TOperation, TSource>(SoftwareCpu cpu, CpuState* s, Op* op)
        where TOperation : IVectorBinary
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

        ref Vector128<byte> destination = ref Xmm.At(s, op->Destination);
        destination = TOperation.Compute(destination, value);
        return op + 1;
    }

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

        ref Vector128<byte> destination = ref Xmm.At(s, op->Destination);
        destination = ((delegate*<Vector128<byte>, Vector128<byte>, Vector128<byte>>)op->Link)(destination, value);
        return op + 1;
    }

    /// <summary>Only the source matters.</summary>
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

        Xmm.At(s, op->Destination) = ((delegate*<Vector128<byte>, Vector128<byte>>)op->Link)(value);
        return op + 1;
    }

    /// <summary>PSHUFD and its like: <see cref="Op.Extra"/> is the order.</summary>
    internal static Op* Shuffle<TSource>(SoftwareCpu cpu, CpuState* s, Op* op)
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

        Xmm.At(s, op->Destination) = ((delegate*<Vector128<byte>, byte, Vector128<byte>>)op->Link)(value, op->Extra);
        return op + 1;
    }

    /// <summary>SHUFPS and SHUFPD: <see cref="Op.Extra"/> is the order.</summary>
    internal static Op* ShuffleBoth<TSource>(SoftwareCpu cpu, CpuState* s, Op* op)
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

        ref Vector128<byte> destination = ref Xmm.At(s, op->Destination);
        destination = ((delegate*<Vector128<byte>, Vector128<byte>, byte, Vector128<byte>>)op->Link)(destination, value, op->Extra);
        return op + 1;
    }

    /// <summary>Shifts by the low quadword of the source.</summary>
    internal static Op* Shift<TSource>(SoftwareCpu cpu, CpuState* s, Op* op)
        where TSource : IVectorSource
    {
        if (!Availability.HasSse(s))
        {
            return Availability.NoSse(s, op);
        }

        if (!TSource.Load(cpu, s, op, out Vector128<byte> count))
        {
            return Leave.Faulted(s, op);
        }

        ref Vector128<byte> destination = ref Xmm.At(s, op->Destination);
        destination = ((delegate*<Vector128<byte>, ulong, Vector128<byte>>)op->Link)(destination, count.AsUInt64().ToScalar());
        return op + 1;
    }

    /// <summary>Shifts by <see cref="Op.Extra"/>.</summary>
    internal static Op* ShiftImmediate(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        if (!Availability.HasSse(s))
        {
            return Availability.NoSse(s, op);
        }

        ref Vector128<byte> destination = ref Xmm.At(s, op->Destination);
        destination = ((delegate*<Vector128<byte>, ulong, Vector128<byte>>)op->Link)(destination, op->Extra);
        return op + 1;
    }

    /// <summary>PSLLDQ and PSRLDQ.</summary>
    internal static Op* ShiftBytes(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        if (!Availability.HasSse(s))
        {
            return Availability.NoSse(s, op);
        }

        ref Vector128<byte> destination = ref Xmm.At(s, op->Destination);
        destination = ((delegate*<Vector128<byte>, byte, Vector128<byte>>)op->Link)(destination, op->Extra);
        return op + 1;
    }
}
