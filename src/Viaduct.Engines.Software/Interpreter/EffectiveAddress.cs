using System.Runtime.CompilerServices;
using Viaduct.Engines.Software.Decoding;
using Viaduct.Engines.Software.Segmentation;
using Viaduct.Engines.Software.State;

namespace Viaduct.Engines.Software.Interpreter;

/// <summary>The linear address of a memory operand.</summary>
internal static unsafe class EffectiveAddress
{
    /// <summary>Flag: the segment's base is added; its number is in bits 6:4.</summary>
    internal const byte AddSegment = 1;

    /// <summary>Flag: the offset is cut to 32 bits.</summary>
    internal const byte Truncate32 = 2;

    /// <summary>Flag: outside 64-bit mode. The segment's limit is checked, and the linear address is cut to 32 bits.</summary>
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
        return op->AddressFlags == 0 ? address : Of(s, op, address);
    }

    /// <summary>The linear address of an op's operand at an offset. Outside 64-bit mode the segment's limit is checked.</summary>
    internal static ulong Of(CpuState* s, Op* op, ulong offset) => (op->AddressFlags & Linear32) != 0
        ? SegmentAccess.Linear(s, op->AddressFlags >> 4, (uint)Truncate(op->AddressFlags, offset), op->MemoryBytes, op->WritesMemory)
        : Adjust(s, op->AddressFlags, offset);

    /// <summary>The offset without its segment: LEA.</summary>
    internal static ulong OffsetOf(CpuState* s, Op* op)
    {
        byte* registers = (byte*)s;
        return *(ulong*)(registers + op->Base)
            + (*(ulong*)(registers + op->IndexRegister) << op->Scale)
            + (ulong)op->Displacement;
    }

    /// <summary>Cuts an offset to the address size and, in 64-bit mode, adds its segment's base.</summary>
    internal static ulong Adjust(CpuState* s, byte flags, ulong offset)
    {
        offset = Truncate(flags, offset);
        return (flags & AddSegment) != 0 ? offset + s->SegmentBases[flags >> 4] : offset;
    }

    private static ulong Truncate(byte flags, ulong offset) =>
        (flags & Truncate32) != 0 ? (uint)offset : (flags & Truncate16) != 0 ? (ushort)offset : offset;
}
