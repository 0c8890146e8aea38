using System.Runtime.Intrinsics;
using Viaduct.Engines.Software.Decoding;
using Viaduct.Engines.Software.FloatingPoint;
using Viaduct.Engines.Software.Interpreter;
using Viaduct.Engines.Software.State;

namespace Viaduct.Engines.Software.Vectors;

/// <summary>FXSAVE, FXRSTOR, LDMXCSR and STMXCSR (Intel SDM vol. 1, 10.5).</summary>
internal static unsafe class StateImage
{
    private const int XmmRegisters = 160;

    /// <summary>FXSAVE, and with <see cref="Op.Extra"/> 1 FXSAVE64. Nothing is written past the last register.</summary>
    internal static Op* Save(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        if (!Availability.HasX87(s))
        {
            return Availability.NoX87(s, op);
        }

        ulong address = EffectiveAddress.Of(s, op);
        if ((address & 15) != 0)
        {
            return Leave.Misaligned(s, op, address);
        }

        int xmm = s->Long64 ? 16 : 8;
        int size = XmmRegisters + (xmm * 16);
        byte* image = stackalloc byte[XmmRegisters + (16 * 16)];
        ReadOnlySpan<Vector128<byte>> registers = new(&s->Xmm, xmm);
        FxImage.Save(new Span<byte>(image, size), in s->X87, registers, s->Mxcsr, op->Extra == 1);
        return Block.Store(cpu, s, address, image, size) ? op + 1 : Leave.StoreStopped(s, op);
    }

    /// <summary>FXRSTOR, and with <see cref="Op.Extra"/> 1 FXRSTOR64.</summary>
    internal static Op* Restore(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        if (!Availability.HasX87(s))
        {
            return Availability.NoX87(s, op);
        }

        ulong address = EffectiveAddress.Of(s, op);
        if ((address & 15) != 0)
        {
            return Leave.Misaligned(s, op, address);
        }

        int xmm = s->Long64 ? 16 : 8;
        int size = XmmRegisters + (xmm * 16);
        byte* image = stackalloc byte[XmmRegisters + (16 * 16)];
        if (!Block.Load(cpu, s, address, image, size))
        {
            return Leave.Faulted(s, op);
        }

        Span<Vector128<byte>> registers = new(&s->Xmm, xmm);
        return FxImage.Restore(new ReadOnlySpan<byte>(image, size), ref s->X87, registers, ref s->Mxcsr, op->Extra == 1)
            ? op + 1
            : Leave.Raise(s, op, Vector.GeneralProtection, 0);
    }

    internal static Op* LoadMxcsr(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        if (!Availability.HasSse(s))
        {
            return Availability.NoSse(s, op);
        }

        if (!Guest.Load(cpu, s, EffectiveAddress.Of(s, op), out uint value))
        {
            return Leave.Faulted(s, op);
        }

        if ((value & ~FxImage.MxcsrMask) != 0)
        {
            return Leave.Raise(s, op, Vector.GeneralProtection, 0);
        }

        s->Mxcsr = value;
        return op + 1;
    }

    internal static Op* StoreMxcsr(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        if (!Availability.HasSse(s))
        {
            return Availability.NoSse(s, op);
        }

        return Guest.Store(cpu, s, EffectiveAddress.Of(s, op), s->Mxcsr) ? op + 1 : Leave.StoreStopped(s, op);
    }
}
