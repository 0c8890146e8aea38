using System.Runtime.Intrinsics;
using Viaduct.Engines.Software.Decoding;
using Viaduct.Engines.Software.FloatingPoint;
using Viaduct.Engines.Software.Interpreter;
using Viaduct.Engines.Software.State;

namespace Viaduct.Engines.Software.Vectors;

/// <summary>What goes between MMX and XMM registers: both units must be there.</summary>
internal static unsafe class MmxConversions
{
    internal static Op* MmxToXmm(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        if (!IsReady(s))
        {
            return NotReady(s, op);
        }

        s->X87.EnterMmx();
        Xmm.At(s, op->Destination) = Vector128.CreateScalar(s->X87.ReadMmx(op->Source)).AsByte();
        return op + 1;
    }

    internal static Op* XmmToMmx(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        if (!IsReady(s))
        {
            return NotReady(s, op);
        }

        s->X87.EnterMmx();
        s->X87.WriteMmx(op->Destination, Xmm.At(s, op->Source).AsUInt64().ToScalar());
        return op + 1;
    }

    /// <summary>CVTPI2PS and CVTPI2PD from an MMX register.</summary>
    internal static Op* FromMmx(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        if (!IsReady(s))
        {
            return NotReady(s, op);
        }

        s->X87.EnterMmx();
        return FromIntegers(s, op, s->X87.ReadMmx(op->Source));
    }

    /// <summary>CVTPI2PS and CVTPI2PD from memory: no MMX register takes part, so the x87 state stays as it is.</summary>
    internal static Op* FromMemory(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        if (!Availability.HasSse(s))
        {
            return Availability.NoSse(s, op);
        }

        return Guest.Load(cpu, s, EffectiveAddress.Of(s, op), out ulong value)
            ? FromIntegers(s, op, value)
            : Leave.Faulted(s, op);
    }

    /// <summary>CVTPS2PI, CVTPD2PI and their truncating forms.</summary>
    internal static Op* ToMmx<TSource>(SoftwareCpu cpu, CpuState* s, Op* op)
        where TSource : IVectorSource
    {
        if (!IsReady(s))
        {
            return NotReady(s, op);
        }

        if (!TSource.Load(cpu, s, op, out Vector128<byte> value))
        {
            return Leave.Faulted(s, op);
        }

        // The x87 state changes even if the conversion faults.
        s->X87.EnterMmx();
        FloatStatus status = new(s->Mxcsr);
        ulong result = ((delegate*<Vector128<byte>, ref FloatStatus, ulong>)op->Link)(value, ref status);
        if (!status.Commit(ref s->Mxcsr))
        {
            return Availability.SimdFault(s, op);
        }

        s->X87.WriteMmx(op->Destination, result);
        return op + 1;
    }

    private static Op* FromIntegers(CpuState* s, Op* op, ulong value)
    {
        FloatStatus status = new(s->Mxcsr);
        ref Vector128<byte> destination = ref Xmm.At(s, op->Destination);
        Vector128<byte> result = ((delegate*<Vector128<byte>, ulong, ref FloatStatus, Vector128<byte>>)op->Link)(destination, value, ref status);
        if (!status.Commit(ref s->Mxcsr))
        {
            return Availability.SimdFault(s, op);
        }

        destination = result;
        return op + 1;
    }

    private static bool IsReady(CpuState* s) => Availability.HasSse(s) && Availability.HasMmx(s);

    private static Op* NotReady(CpuState* s, Op* op) =>
        Availability.HasSse(s) ? Availability.NoMmx(s, op) : Availability.NoSse(s, op);
}
