using System.Runtime.Intrinsics;
using Viaduct.Engines.Software.Decoding;
using Viaduct.Engines.Software.FloatingPoint;
using Viaduct.Engines.Software.Interpreter;
using Viaduct.Engines.Software.State;

namespace Viaduct.Engines.Software.Vectors;

/// <summary>SSE and SSE2 moves. XMM registers are numbers in the op, general registers offsets into the state.</summary>
internal static unsafe class SseMoves
{
    /// <summary>Register to register, whole.</summary>
    internal static Op* Copy(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        if (!Availability.HasSse(s))
        {
            return Availability.NoSse(s, op);
        }

        Xmm.At(s, op->Destination) = Xmm.At(s, op->Source);
        return op + 1;
    }

    internal static Op* LoadAligned(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        if (!Availability.HasSse(s))
        {
            return Availability.NoSse(s, op);
        }

        if (!Xmm.LoadAligned(cpu, s, op, out Vector128<byte> value))
        {
            return Leave.Faulted(s, op);
        }

        Xmm.At(s, op->Destination) = value;
        return op + 1;
    }

    internal static Op* LoadUnaligned(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        if (!Availability.HasSse(s))
        {
            return Availability.NoSse(s, op);
        }

        if (!Guest.Load(cpu, s, EffectiveAddress.Of(s, op), out Vector128<byte> value))
        {
            return Leave.Faulted(s, op);
        }

        Xmm.At(s, op->Destination) = value;
        return op + 1;
    }

    internal static Op* StoreAligned(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        if (!Availability.HasSse(s))
        {
            return Availability.NoSse(s, op);
        }

        ulong address = EffectiveAddress.Of(s, op);
        if ((address & 15) != 0)
        {
            return Leave.Misaligned(s, op, address);
        }

        return Guest.Store(cpu, s, address, Xmm.At(s, op->Source)) ? op + 1 : Leave.StoreStopped(s, op);
    }

    internal static Op* StoreUnaligned(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        if (!Availability.HasSse(s))
        {
            return Availability.NoSse(s, op);
        }

        return Guest.Store(cpu, s, EffectiveAddress.Of(s, op), Xmm.At(s, op->Source)) ? op + 1 : Leave.StoreStopped(s, op);
    }

    /// <summary>A whole XMM register from a shorter source, zero-extended: MOVSS, MOVSD and MOVD from memory, MOVQ.</summary>
    internal static Op* LoadLow<TSource>(SoftwareCpu cpu, CpuState* s, Op* op)
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

        Xmm.At(s, op->Destination) = value;
        return op + 1;
    }

    /// <summary>MOVQ between XMM registers: the upper half becomes zero.</summary>
    internal static Op* CopyLow(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        if (!Availability.HasSse(s))
        {
            return Availability.NoSse(s, op);
        }

        Xmm.At(s, op->Destination) = Vector128.CreateScalar(Xmm.At(s, op->Source).AsUInt64().ToScalar()).AsByte();
        return op + 1;
    }

    /// <summary>The lowest element to memory.</summary>
    internal static Op* StoreLow<T>(SoftwareCpu cpu, CpuState* s, Op* op)
        where T : unmanaged
    {
        if (!Availability.HasSse(s))
        {
            return Availability.NoSse(s, op);
        }

        return Guest.Store(cpu, s, EffectiveAddress.Of(s, op), Xmm.At(s, op->Source).As<byte, T>().ToScalar())
            ? op + 1
            : Leave.StoreStopped(s, op);
    }

    /// <summary>MOVSS and MOVSD between registers: the rest of the destination stays.</summary>
    internal static Op* MergeLow<T>(SoftwareCpu cpu, CpuState* s, Op* op)
        where T : unmanaged
    {
        if (!Availability.HasSse(s))
        {
            return Availability.NoSse(s, op);
        }

        *(T*)((Vector128<byte>*)&s->Xmm + op->Destination) = *(T*)((Vector128<byte>*)&s->Xmm + op->Source);
        return op + 1;
    }

    /// <summary>MOVLPS, MOVHPS and their double forms from memory: <see cref="Op.Extra"/> is the half.</summary>
    internal static Op* LoadHalf(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        if (!Availability.HasSse(s))
        {
            return Availability.NoSse(s, op);
        }

        if (!Guest.Load(cpu, s, EffectiveAddress.Of(s, op), out ulong value))
        {
            return Leave.Faulted(s, op);
        }

        *Half(s, op->Destination, op->Extra) = value;
        return op + 1;
    }

    /// <summary>MOVLPS, MOVHPS and their double forms to memory.</summary>
    internal static Op* StoreHalf(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        if (!Availability.HasSse(s))
        {
            return Availability.NoSse(s, op);
        }

        return Guest.Store(cpu, s, EffectiveAddress.Of(s, op), *Half(s, op->Source, op->Extra)) ? op + 1 : Leave.StoreStopped(s, op);
    }

    /// <summary>MOVHLPS and MOVLHPS: <see cref="Op.Extra"/> is the destination's half, the source's is the other.</summary>
    internal static Op* CopyHalf(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        if (!Availability.HasSse(s))
        {
            return Availability.NoSse(s, op);
        }

        *Half(s, op->Destination, op->Extra) = *Half(s, op->Source, op->Extra ^ 1);
        return op + 1;
    }

    /// <summary>MOVD and MOVQ from a general register.</summary>
    internal static Op* FromGeneral<TWidth>(SoftwareCpu cpu, CpuState* s, Op* op)
        where TWidth : IWidth
    {
        if (!Availability.HasSse(s))
        {
            return Availability.NoSse(s, op);
        }

        Xmm.At(s, op->Destination) = Vector128.CreateScalar(TWidth.Read((byte*)s + op->Source)).AsByte();
        return op + 1;
    }

    /// <summary>MOVD and MOVQ to a general register.</summary>
    internal static Op* ToGeneral<TWidth>(SoftwareCpu cpu, CpuState* s, Op* op)
        where TWidth : IWidth
    {
        if (!Availability.HasSse(s))
        {
            return Availability.NoSse(s, op);
        }

        TWidth.WriteRegister((byte*)s + op->Destination, Xmm.At(s, op->Source).AsUInt64().ToScalar());
        return op + 1;
    }

    internal static Op* ByteSigns(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        if (!Availability.HasSse(s))
        {
            return Availability.NoSse(s, op);
        }

        *(ulong*)((byte*)s + op->Destination) = SseInteger.PMovMskB(Xmm.At(s, op->Source));
        return op + 1;
    }

    internal static Op* SingleSigns(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        if (!Availability.HasSse(s))
        {
            return Availability.NoSse(s, op);
        }

        *(ulong*)((byte*)s + op->Destination) = SseInteger.MovMskPs(Xmm.At(s, op->Source));
        return op + 1;
    }

    internal static Op* DoubleSigns(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        if (!Availability.HasSse(s))
        {
            return Availability.NoSse(s, op);
        }

        *(ulong*)((byte*)s + op->Destination) = SseInteger.MovMskPd(Xmm.At(s, op->Source));
        return op + 1;
    }

    /// <summary>PEXTRW: <see cref="Op.Extra"/> is the word.</summary>
    internal static Op* ExtractWord(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        if (!Availability.HasSse(s))
        {
            return Availability.NoSse(s, op);
        }

        *(ulong*)((byte*)s + op->Destination) = SseShuffle.PExtrW(Xmm.At(s, op->Source), op->Extra);
        return op + 1;
    }

    /// <summary>PINSRW from a general register.</summary>
    internal static Op* InsertWord(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        if (!Availability.HasSse(s))
        {
            return Availability.NoSse(s, op);
        }

        ref Vector128<byte> destination = ref Xmm.At(s, op->Destination);
        destination = SseShuffle.PInsrW(destination, *(ushort*)((byte*)s + op->Source), op->Extra);
        return op + 1;
    }

    /// <summary>PINSRW from memory.</summary>
    internal static Op* InsertWordMemory(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        if (!Availability.HasSse(s))
        {
            return Availability.NoSse(s, op);
        }

        if (!Guest.Load(cpu, s, EffectiveAddress.Of(s, op), out ushort value))
        {
            return Leave.Faulted(s, op);
        }

        ref Vector128<byte> destination = ref Xmm.At(s, op->Destination);
        destination = SseShuffle.PInsrW(destination, value, op->Extra);
        return op + 1;
    }

    /// <summary>MASKMOVDQU.</summary>
    internal static Op* StoreMasked(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        if (!Availability.HasSse(s))
        {
            return Availability.NoSse(s, op);
        }

        Vector128<byte> bytes = Xmm.At(s, op->Destination);
        uint mask = SseInteger.PMovMskB(Xmm.At(s, op->Source));
        return StoreMasked(cpu, s, op, bytes, mask, 16) ? op + 1 : Leave.StoreStopped(s, op);
    }

    /// <summary>Writes the bytes whose mask bit is set. Memory must allow it for all of them, set or not.</summary>
    internal static bool StoreMasked(SoftwareCpu cpu, CpuState* s, Op* op, Vector128<byte> bytes, uint mask, int size)
    {
        ulong address = EffectiveAddress.Of(s, op);
        if (!Block.Probe(cpu, s, address, size))
        {
            return false;
        }

        bool silent = true;
        for (int i = 0; i < size; i++)
        {
            if ((mask & (1u << i)) != 0)
            {
                silent &= Guest.Store(cpu, s, address + (uint)i, bytes.GetElement(i));
            }
        }

        return silent;
    }

    private static ulong* Half(CpuState* s, int register, int half) => (ulong*)&s->Xmm + (register * 2) + half;
}
