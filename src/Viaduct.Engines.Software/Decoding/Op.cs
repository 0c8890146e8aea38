using System.Runtime.InteropServices;
using Viaduct.Engines.Software.State;

namespace Viaduct.Engines.Software.Decoding;

/// <summary>
/// A guest instruction made ready: who carries it out, and its operands as offsets into the state. Instructions of a
/// block follow each other in memory; a handler returns the op to go on with, or null to leave the loop.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct Op
{
    /// <summary>Who carries it out.</summary>
    internal delegate*<SoftwareCpu, CpuState*, Op*, Op*> Handler;

    /// <summary>An immediate; a branch's target from the start of its page; what else a handler needs.</summary>
    internal ulong Immediate;

    /// <summary>The target's op, once known, of a branch within its page; or a function that does the operation.</summary>
    internal void* Link;

    /// <summary>Displacement of the memory operand; of a RIP-relative one, from the start of its page.</summary>
    internal long Displacement;

    /// <summary>Where in its page the instruction begins.</summary>
    internal ushort PageOffset;

    /// <summary>Bytes of the instruction.</summary>
    internal byte Length;

    /// <summary>How many instructions of its block are done when it is, itself included.</summary>
    internal byte Ordinal;

    /// <summary>Offset in the state of the first register operand.</summary>
    internal byte Destination;

    /// <summary>Offset in the state of the second register operand.</summary>
    internal byte Source;

    /// <summary>Offset in the state of the memory operand's base register.</summary>
    internal byte Base;

    /// <summary>Offset in the state of the memory operand's index register.</summary>
    internal byte IndexRegister;

    /// <summary>How far the index is shifted left.</summary>
    internal byte Scale;

    /// <summary>What to do to the sum of base, index and displacement: <see cref="EffectiveAddress"/>.</summary>
    internal byte AddressFlags;

    /// <summary>A handler's own.</summary>
    internal byte Extra;

    /// <summary>A handler's own.</summary>
    internal byte Extra2;

    /// <summary>Bytes of the memory operand, where segment limits are checked: outside 64-bit mode.</summary>
    internal ushort MemoryBytes;

    /// <summary>Whether the memory operand is written, where that is checked.</summary>
    internal bool WritesMemory;
}
