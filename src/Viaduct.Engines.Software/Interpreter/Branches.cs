using System.Runtime.CompilerServices;
using Viaduct.Engines.Software.Decoding;
using Viaduct.Engines.Software.Mmu;
using Viaduct.Engines.Software.Segmentation;
using Viaduct.Engines.Software.State;

namespace Viaduct.Engines.Software.Interpreter;

/// <summary>Near jumps, calls and returns, and what ends a block that runs on.</summary>
internal static unsafe class Branches
{
    /// <summary>The block ended with STI: interrupts wait for one more instruction.</summary>
    internal static Op* ContinueInShadow(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        s->Instructions += op->Ordinal;
        s->InterruptShadow = true;
        return Leave.Lookup(s, s->Registers[17] + op->Immediate);
    }

    /// <summary>JMP, and the end of a block that runs on. <see cref="Op.Immediate"/> is the target from the start of the page.</summary>
    internal static Op* Jump(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        s->Instructions += op->Ordinal;
        return Take(cpu, s, op);
    }

    internal static Op* JumpIf<TCondition>(SoftwareCpu cpu, CpuState* s, Op* op)
        where TCondition : ICondition
    {
        if (!TCondition.Holds(s))
        {
            return op + 1;
        }

        s->Instructions += op->Ordinal;
        return Take(cpu, s, op);
    }

    /// <summary>JCXZ, JECXZ, JRCXZ.</summary>
    internal static Op* JumpIfCountZero<TWidth>(SoftwareCpu cpu, CpuState* s, Op* op)
        where TWidth : IWidth
    {
        if (TWidth.Truncate(s->Registers[1]) != 0)
        {
            return op + 1;
        }

        s->Instructions += op->Ordinal;
        return Take(cpu, s, op);
    }

    /// <summary>LOOP, LOOPE, LOOPNE: <see cref="Op.Extra"/> is 0, 1, 2.</summary>
    internal static Op* Loop<TWidth>(SoftwareCpu cpu, CpuState* s, Op* op)
        where TWidth : IWidth
    {
        TWidth.WriteRegister((byte*)(s->Registers + 1), TWidth.Truncate(s->Registers[1]) - 1);
        bool taken = TWidth.Truncate(s->Registers[1]) != 0
            && (op->Extra == 0 || Flags.Zero(s) == (op->Extra == 1));
        if (!taken)
        {
            return op + 1;
        }

        s->Instructions += op->Ordinal;
        return Take(cpu, s, op);
    }

    internal static Op* Call64(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        ulong stack = s->Registers[4] - 8;
        if (!Guest.Store(cpu, s, stack, s->Registers[17] + op->PageOffset + op->Length))
        {
            return StoreStoppedAt(s, op, stack, s->Registers[17] + op->Immediate);
        }

        s->Registers[4] = stack;
        s->Instructions += op->Ordinal;
        return Take(cpu, s, op);
    }

    internal static Op* CallRegister64(SoftwareCpu cpu, CpuState* s, Op* op) =>
        CallTo64(cpu, s, op, *(ulong*)((byte*)s + op->Source));

    internal static Op* CallMemory64(SoftwareCpu cpu, CpuState* s, Op* op) =>
        Guest.Load(cpu, s, EffectiveAddress.Of(s, op), out ulong target) ? CallTo64(cpu, s, op, target) : Leave.Faulted(s, op);

    internal static Op* JumpRegister64(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        ulong target = *(ulong*)((byte*)s + op->Source);
        return JumpTo64(s, op, target);
    }

    internal static Op* JumpMemory64(SoftwareCpu cpu, CpuState* s, Op* op) =>
        Guest.Load(cpu, s, EffectiveAddress.Of(s, op), out ulong target) ? JumpTo64(s, op, target) : Leave.Faulted(s, op);

    /// <summary>RET, with the immediate's bytes of arguments dropped.</summary>
    internal static Op* Return64(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        if (!Guest.Load(cpu, s, s->Registers[4], out ulong target))
        {
            return Leave.Faulted(s, op);
        }

        if (!IsCanonical(target))
        {
            return Leave.Raise(s, op, Vector.GeneralProtection, 0);
        }

        s->Registers[4] += 8 + op->Immediate;
        s->Instructions += op->Ordinal;
        return Leave.To(s, target);
    }

    /// <summary>Near calls, returns and indirect jumps outside 64-bit mode; <see cref="Op.Extra"/> is the operand's bytes, <see cref="Op.Extra2"/> a <see cref="NearKind"/>.</summary>
    internal static Op* Legacy(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        NearKind kind = (NearKind)op->Extra2;
        ulong target = op->Immediate + s->Registers[17] - s->SegmentBases[SegmentName.Cs];
        int size = op->Extra;
        if (kind is NearKind.CallMemory or NearKind.JumpMemory)
        {
            if (!Stack.LoadSized(cpu, s, EffectiveAddress.Of(s, op), size, out target))
            {
                return Leave.Faulted(s, op);
            }
        }
        else if (kind is NearKind.CallRegister or NearKind.JumpRegister)
        {
            target = *(ulong*)((byte*)s + op->Source);
        }

        if (kind == NearKind.Return && !Stack.LoadSized(cpu, s, Stack.Top(s, size), size, out target))
        {
            return Leave.Faulted(s, op);
        }

        target = size == 2 ? (ushort)target : (uint)target;
        if (target > s->Segments[SegmentName.Cs].Limit)
        {
            return Leave.Raise(s, op, Vector.GeneralProtection, 0);
        }

        if (kind == NearKind.Return)
        {
            Stack.Move(s, size + (int)op->Immediate);
        }
        else if (kind is NearKind.Call or NearKind.CallRegister or NearKind.CallMemory
            && !Stack.Push(cpu, s, Leave.NextRip(s, op), size))
        {
            if (s->Exit != ExitReason.CodeModified)
            {
                return Leave.Faulted(s, op);
            }

            s->Instructions += op->Ordinal;
            return Leave.Lookup(s, (uint)(target + s->SegmentBases[SegmentName.Cs]));
        }

        s->Instructions += op->Ordinal;
        return Leave.To(s, (uint)(target + s->SegmentBases[SegmentName.Cs]));
    }

    internal static bool IsCanonical(ulong address) => (ulong)((long)(address << 16) >> 16) == address;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Op* Take(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        if (op->Link != null && s->Instructions < s->Limit)
        {
            return (Op*)op->Link;
        }

        return TakeUnlinked(s, op);
    }

    // A target on the branch's own page can't move away from it, so the op is remembered; Extra2 of a block that
    // crosses pages forbids that, since it doesn't go away with the page.
    private static Op* TakeUnlinked(CpuState* s, Op* op)
    {
        if (!s->Long64)
        {
            return TakeLegacy(s, op);
        }

        ulong target = s->Registers[17] + op->Immediate;
        Op* next = Leave.To(s, target);
        if (next != null && op->Immediate < CodePage.Size && op->Extra2 == 0)
        {
            op->Link = next;
        }

        return next;
    }

    private static Op* TakeLegacy(CpuState* s, Op* op)
    {
        bool cut = op->AddressFlags == EffectiveAddress.Truncate16;
        ulong target = s->Registers[17] + op->Immediate - s->SegmentBases[SegmentName.Cs];
        target = cut ? (ushort)target : (uint)target;
        if (target > s->Segments[SegmentName.Cs].Limit && op->Length != 0)
        {
            s->Instructions -= op->Ordinal;
            return Leave.Raise(s, op, Vector.GeneralProtection, 0);
        }

        // A block that runs on has no length: what follows it is what faults, when it is looked up.
        Op* next = Leave.To(s, (uint)(target + s->SegmentBases[SegmentName.Cs]));
        if (next != null && op->Immediate < CodePage.Size && op->Extra2 == 0 && !cut)
        {
            op->Link = next;
        }

        return next;
    }

    private static Op* CallTo64(SoftwareCpu cpu, CpuState* s, Op* op, ulong target)
    {
        if (!IsCanonical(target))
        {
            return Leave.Raise(s, op, Vector.GeneralProtection, 0);
        }

        ulong stack = s->Registers[4] - 8;
        if (!Guest.Store(cpu, s, stack, s->Registers[17] + op->PageOffset + op->Length))
        {
            return StoreStoppedAt(s, op, stack, target);
        }

        s->Registers[4] = stack;
        s->Instructions += op->Ordinal;
        return Leave.To(s, target);
    }

    private static Op* StoreStoppedAt(CpuState* s, Op* op, ulong stack, ulong target)
    {
        if (s->Exit != ExitReason.CodeModified)
        {
            return Leave.Faulted(s, op);
        }

        s->Registers[4] = stack;
        s->Instructions += op->Ordinal;
        return Leave.Lookup(s, target);
    }

    private static Op* JumpTo64(CpuState* s, Op* op, ulong target)
    {
        if (!IsCanonical(target))
        {
            return Leave.Raise(s, op, Vector.GeneralProtection, 0);
        }

        s->Instructions += op->Ordinal;
        return Leave.To(s, target);
    }
}
