using Viaduct.Engines.Software.Decoding;
using Viaduct.Engines.Software.FloatingPoint;
using Viaduct.Engines.Software.Interpreter;
using Viaduct.Engines.Software.State;

namespace Viaduct.Engines.Software.Vectors;

/// <summary>FXSAVE, FXRSTOR, LDMXCSR and STMXCSR (Intel SDM vol. 1, 10.5).</summary>
internal static unsafe class StateImage
{
    /// <summary>Bits of MXCSR that exist; an image holds this so that systems know.</summary>
    internal const uint MxcsrMask = 0xFFFF;

    private const int Registers = 32;
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
            return Leave.Raise(s, op, Vector.GeneralProtection, 0);
        }

        int xmm = s->Long64 ? 16 : 8;
        int size = XmmRegisters + (xmm * 16);
        byte* image = stackalloc byte[XmmRegisters + (16 * 16)];
        new Span<byte>(image, Registers).Clear();
        ref X87State x87 = ref s->X87;
        *(ushort*)image = x87.Control;
        *(ushort*)(image + 2) = x87.Status;
        image[4] = x87.ValidRegisters;
        *(ushort*)(image + 6) = x87.LastOpcode;
        bool wide = op->Extra == 1;
        *(ulong*)(image + 8) = wide ? x87.InstructionPointer : (uint)x87.InstructionPointer;
        *(ulong*)(image + 16) = wide ? x87.DataPointer : (uint)x87.DataPointer;
        *(uint*)(image + 24) = s->Mxcsr;
        *(uint*)(image + 28) = MxcsrMask;
        for (int i = 0; i < 8; i++)
        {
            Float80 value = x87.Read(i);
            *(ulong*)(image + Registers + (i * 16)) = value.Significand;
            *(ulong*)(image + Registers + (i * 16) + 8) = value.SignExponent;
        }

        new ReadOnlySpan<byte>(&s->Xmm, xmm * 16).CopyTo(new Span<byte>(image + XmmRegisters, xmm * 16));
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
            return Leave.Raise(s, op, Vector.GeneralProtection, 0);
        }

        int xmm = s->Long64 ? 16 : 8;
        byte* image = stackalloc byte[XmmRegisters + (16 * 16)];
        if (!Block.Load(cpu, s, address, image, XmmRegisters + (xmm * 16)))
        {
            return Leave.Faulted(s, op);
        }

        uint mxcsr = *(uint*)(image + 24);
        if ((mxcsr & ~MxcsrMask) != 0)
        {
            return Leave.Raise(s, op, Vector.GeneralProtection, 0);
        }

        s->Mxcsr = mxcsr;
        ref X87State x87 = ref s->X87;
        x87.Control = *(ushort*)image;
        x87.Status = *(ushort*)(image + 2);
        x87.LastOpcode = *(ushort*)(image + 6);
        bool wide = op->Extra == 1;
        x87.InstructionPointer = wide ? *(ulong*)(image + 8) : *(uint*)(image + 8);
        x87.DataPointer = wide ? *(ulong*)(image + 16) : *(uint*)(image + 16);
        for (int i = 0; i < 8; i++)
        {
            byte* value = image + Registers + (i * 16);
            x87.Write(i, new Float80(*(ushort*)(value + 8), *(ulong*)value));
        }

        x87.ValidRegisters = image[4];
        new ReadOnlySpan<byte>(image + XmmRegisters, xmm * 16).CopyTo(new Span<byte>(&s->Xmm, xmm * 16));
        return op + 1;
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

        if ((value & ~MxcsrMask) != 0)
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
