using System.Runtime.CompilerServices;
using Viaduct.Engines.Software.Decoding;
using Viaduct.Engines.Software.State;

namespace Viaduct.Engines.Software.Interpreter;

/// <summary>The linear address of a memory operand.</summary>
internal static unsafe class EffectiveAddress
{
    /// <summary>Flag: the segment's base is added; its number is in bits 6:4.</summary>
    internal const byte AddSegment = 1;

    /// <summary>Flag: the offset is cut to 32 bits.</summary>
    internal const byte Truncate32 = 2;

    /// <summary>Flag: the linear address is cut to 32 bits (outside 64-bit mode).</summary>
    internal const byte Linear32 = 4;

    /// <summary>Flag: the offset is cut to 16 bits.</summary>
    internal const byte Truncate16 = 8;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static ulong Of(CpuState* s, Op* op)
    {
        byte* registers = (byte*)s;
        ulong address = *(ulong*)(registers + op->Base)
            + (*(ulong*)(registers + op->IndexRegister) << op->Scale)
            + (ulong)op->Displacement;
        return op->AddressFlags == 0 ? address : Adjust(s, op->AddressFlags, address);
    }

    /// <summary>The offset without its segment: LEA.</summary>
    internal static ulong OffsetOf(CpuState* s, Op* op)
    {
        byte* registers = (byte*)s;
        return *(ulong*)(registers + op->Base)
            + (*(ulong*)(registers + op->IndexRegister) << op->Scale)
            + (ulong)op->Displacement;
    }

    /// <summary>Cuts an offset to the address size and adds its segment's base.</summary>
    internal static ulong Adjust(CpuState* s, byte flags, ulong offset)
    {
        if ((flags & Truncate32) != 0)
        {
            offset = (uint)offset;
        }
        else if ((flags & Truncate16) != 0)
        {
            offset = (ushort)offset;
        }

        if ((flags & AddSegment) != 0)
        {
            offset += s->SegmentBases[flags >> 4];
        }

        return (flags & Linear32) != 0 ? (uint)offset : offset;
    }
}
