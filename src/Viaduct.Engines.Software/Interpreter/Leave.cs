using System.Runtime.CompilerServices;
using Viaduct.Engines.Software.Decoding;
using Viaduct.Engines.Software.Mmu;
using Viaduct.Engines.Software.State;

namespace Viaduct.Engines.Software.Interpreter;

/// <summary>How handlers go on elsewhere or leave the loop.</summary>
internal static unsafe class Leave
{
    /// <summary>The linear address of an op's instruction.</summary>
    internal static ulong LinearOf(CpuState* s, Op* op) => s->Registers[17] + op->PageOffset;

    /// <summary>RIP of the instruction after an op's.</summary>
    internal static ulong NextRip(CpuState* s, Op* op)
    {
        ulong rip = s->Registers[17] + op->PageOffset + op->Length - s->SegmentBases[1];
        return s->Long64 ? rip : (uint)rip;
    }

    /// <summary>RIP of an op's instruction.</summary>
    internal static ulong RipOf(CpuState* s, Op* op)
    {
        ulong rip = s->Registers[17] + op->PageOffset - s->SegmentBases[1];
        return s->Long64 ? rip : (uint)rip;
    }

    /// <summary>An access faulted, and the fault is recorded: RIP is the instruction's.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static Op* Faulted(CpuState* s, Op* op)
    {
        s->Rip = RipOf(s, op);
        s->Instructions += op->Ordinal - 1;
        return null;
    }

    /// <summary>A store did not go through silently: it faulted, or it was done and changed code.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static Op* StoreStopped(CpuState* s, Op* op) =>
        s->Exit == ExitReason.CodeModified ? After(s, op) : Faulted(s, op);

    /// <summary>The instruction is done; go on with the next from a fresh look-up.</summary>
    internal static Op* After(CpuState* s, Op* op)
    {
        s->Rip = NextRip(s, op);
        s->Instructions += op->Ordinal;
        return null;
    }

    /// <summary>As <see cref="After"/>, with a reason.</summary>
    internal static Op* After(CpuState* s, Op* op, ExitReason reason)
    {
        s->Exit = reason;
        return After(s, op);
    }

    /// <summary>Raises an exception without an error code at the instruction.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static Op* Raise(CpuState* s, Op* op, byte vector)
    {
        s->Fault = new Fault { Vector = vector };
        s->Exit = ExitReason.Fault;
        return Faulted(s, op);
    }

    /// <summary>Raises an exception with an error code at the instruction.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static Op* Raise(CpuState* s, Op* op, byte vector, uint errorCode)
    {
        s->Fault = new Fault { Vector = vector, HasErrorCode = true, ErrorCode = errorCode };
        s->Exit = ExitReason.Fault;
        return Faulted(s, op);
    }

    /// <summary>Raises #GP(0) for an operand that isn't aligned, or what its address alone would raise.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static Op* Misaligned(CpuState* s, Op* op, ulong address)
    {
        s->Fault = new Fault { Vector = Vector.GeneralProtection, HasErrorCode = true, NonCanonical = !Branches.IsCanonical(address) };
        s->Exit = ExitReason.Fault;
        return Faulted(s, op);
    }

    /// <summary>Goes on at a linear address on whatever page.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Op* To(CpuState* s, ulong linear)
    {
        CodeTlbEntry* entry = s->CodeTlb + ((linear >> 12) & (CodeTlbEntry.Count - 1));
        if (entry->Tag == ((linear & Guest.PageMask) | s->FetchMode) && s->Instructions < s->Limit)
        {
            uint index = entry->Page->Entries[linear & 0xFFF];
            if (index != 0)
            {
                s->Registers[17] = linear & Guest.PageMask;
                return s->Arena + index;
            }
        }

        return Lookup(s, linear);
    }

    /// <summary>Leaves the loop so that the code at a linear address is looked up.</summary>
    internal static Op* Lookup(CpuState* s, ulong linear)
    {
        linear -= s->SegmentBases[1];
        s->Rip = s->Long64 ? linear : (uint)linear;
        s->Exit = ExitReason.Lookup;
        return null;
    }
}
