using Viaduct.Engines.Software.Decoding;
using Viaduct.Engines.Software.Segmentation;
using Viaduct.Engines.Software.State;
using Viaduct.Engines.Software.SystemRegisters;

namespace Viaduct.Engines.Software.Interpreter;

/// <summary>Loads and stores of segment registers and descriptor tables, and the instructions that ask about descriptors.</summary>
internal static unsafe class SegmentInstructions
{
    /// <summary>MOV Sreg, r/m16: <see cref="Op.Extra"/> is the segment, <see cref="Op.Extra2"/> 1 for memory.</summary>
    internal static Op* Load(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        if (!TrySelector(cpu, s, op, out ushort selector) || !cpu.Segments.TryLoadData(op->Extra, selector))
        {
            return Leave.Faulted(s, op);
        }

        s->InterruptShadow = s->TrapShadow = op->Extra == SegmentName.Ss;
        return Leave.After(s, op, ExitReason.Lookup);
    }

    /// <summary>MOV r/m, Sreg: to memory 16 bits, to a register its whole width (<see cref="Op.Extra2"/> bytes).</summary>
    internal static Op* Store(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        ushort selector = s->Segments[op->Extra].Selector;
        return StoreWord(cpu, s, op, selector);
    }

    /// <summary>PUSH Sreg: <see cref="Op.Extra"/> is the segment, <see cref="Op.Extra2"/> the bytes.</summary>
    internal static Op* Push(SoftwareCpu cpu, CpuState* s, Op* op) =>
        Stack.Push(cpu, s, s->Segments[op->Extra].Selector, op->Extra2) ? op + 1 : Leave.StoreStopped(s, op);

    /// <summary>POP Sreg.</summary>
    internal static Op* Pop(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        if (!Stack.LoadSized(cpu, s, Stack.Top(s, op->Extra2), op->Extra2, out ulong selector)
            || !cpu.Segments.TryLoadData(op->Extra, (ushort)selector))
        {
            return Leave.Faulted(s, op);
        }

        Stack.Move(s, op->Extra2);
        s->InterruptShadow = s->TrapShadow = op->Extra == SegmentName.Ss;
        return Leave.After(s, op, ExitReason.Lookup);
    }

    /// <summary>LGDT and LIDT: <see cref="Op.Extra"/> is 1 for the IDT, <see cref="Op.Extra2"/> the base's bytes, the immediate which bits of it count.</summary>
    internal static Op* LoadTable(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        if (s->Cpl != 0)
        {
            return Leave.Raise(s, op, Vector.GeneralProtection, 0);
        }

        ulong address = EffectiveAddress.Of(s, op);
        if (!Guest.Load(cpu, s, address, out ushort limit) || !Stack.LoadSized(cpu, s, address + 2, op->Extra2, out ulong start))
        {
            return Leave.Faulted(s, op);
        }

        start &= op->Immediate;
        if (!Branches.IsCanonical(start))
        {
            return Leave.Raise(s, op, Vector.GeneralProtection, 0);
        }

        if (op->Extra == 1)
        {
            (s->IdtBase, s->IdtLimit) = (start, limit);
        }
        else
        {
            (s->GdtBase, s->GdtLimit) = (start, limit);
        }

        return op + 1;
    }

    /// <summary>SGDT and SIDT.</summary>
    internal static Op* StoreTable(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        if (IsPrevented(s))
        {
            return Leave.Raise(s, op, Vector.GeneralProtection, 0);
        }

        ulong address = EffectiveAddress.Of(s, op);
        (ulong start, uint limit) = op->Extra == 1 ? (s->IdtBase, s->IdtLimit) : (s->GdtBase, s->GdtLimit);
        if (!cpu.Memory.ProbeWrite(address, 2 + op->Extra2))
        {
            return Leave.Faulted(s, op);
        }

        return Guest.Store(cpu, s, address, (ushort)limit) && Stack.StoreSized(cpu, s, address + 2, op->Extra2, start)
            ? op + 1
            : Leave.StoreStopped(s, op);
    }

    /// <summary>LLDT and LTR: <see cref="Op.Extra"/> is 1 for the task register.</summary>
    internal static Op* LoadSystem(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        if (cpu.Segments.IsRealAddressing)
        {
            return Leave.Raise(s, op, Vector.InvalidOpcode);
        }

        if (s->Cpl != 0)
        {
            return Leave.Raise(s, op, Vector.GeneralProtection, 0);
        }

        if (!TrySelector(cpu, s, op, out ushort selector)
            || !(op->Extra == 1 ? cpu.Segments.TryLoadTask(selector) : cpu.Segments.TryLoadLdt(selector)))
        {
            return Leave.Faulted(s, op);
        }

        return op + 1;
    }

    /// <summary>SLDT and STR.</summary>
    internal static Op* StoreSystem(SoftwareCpu cpu, CpuState* s, Op* op) => cpu.Segments.IsRealAddressing
        ? Leave.Raise(s, op, Vector.InvalidOpcode)
        : IsPrevented(s) ? Leave.Raise(s, op, Vector.GeneralProtection, 0)
        : StoreWord(cpu, s, op, s->Segments[op->Extra == 1 ? SegmentName.Tr : SegmentName.Ldtr].Selector);

    /// <summary>SMSW.</summary>
    internal static Op* StoreMachineStatus(SoftwareCpu cpu, CpuState* s, Op* op) =>
        IsPrevented(s) ? Leave.Raise(s, op, Vector.GeneralProtection, 0) : StoreWord(cpu, s, op, s->Cr0);

    /// <summary>VERR and VERW: <see cref="Op.Extra"/> is 1 for writing.</summary>
    internal static Op* Verify(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        if (cpu.Segments.IsRealAddressing)
        {
            return Leave.Raise(s, op, Vector.InvalidOpcode);
        }

        if (!TrySelector(cpu, s, op, out ushort selector))
        {
            return Leave.Faulted(s, op);
        }

        bool allowed = TryLook(cpu, s, selector, out Descriptor descriptor)
            && !descriptor.IsSystem
            && (descriptor.IsCode
                ? op->Extra == 0 && descriptor.IsReadWrite
                : op->Extra == 0 || descriptor.IsReadWrite);
        Flags.SetZero(s, allowed);
        return op + 1;
    }

    /// <summary>LAR and LSL: <see cref="Op.Extra"/> is 1 for the limit; <see cref="Op.Immediate"/> the destination's bytes.</summary>
    internal static Op* LoadRights(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        if (cpu.Segments.IsRealAddressing)
        {
            return Leave.Raise(s, op, Vector.InvalidOpcode);
        }

        if (!TrySelector(cpu, s, op, out ushort selector))
        {
            return Leave.Faulted(s, op);
        }

        bool found = TryLook(cpu, s, selector, out Descriptor descriptor)
            && (!descriptor.IsSystem || descriptor.Type is Descriptor.TypeLdt or Descriptor.TypeTssAvailable or Descriptor.TypeTssBusy
                || (op->Extra == 0 && descriptor.Type == 12));
        Flags.SetZero(s, found);
        if (!found)
        {
            return op + 1;
        }

        ulong value = op->Extra == 1 ? descriptor.Limit : (uint)(descriptor.Raw >> 32) & 0x00FFFF00;
        byte* destination = (byte*)s + op->Destination;
        if (op->Immediate == 2)
        {
            W16.WriteRegister(destination, value);
        }
        else
        {
            *(ulong*)destination = (uint)value;
        }

        return op + 1;
    }

    // UMIP: users don't learn where the system's tables are.
    private static bool IsPrevented(CpuState* s) => s->Cpl != 0 && (s->Cr4 & Cr4.UserInstructionPrevention) != 0;

    private static bool TryLook(SoftwareCpu cpu, CpuState* s, ushort selector, out Descriptor descriptor)
    {
        descriptor = default;
        if ((selector & ~3) == 0 || !cpu.Segments.TryReadDescriptor(selector, Vector.GeneralProtection, out descriptor))
        {
            return false;
        }

        bool conforming = descriptor.IsCode && descriptor.IsConforming;
        return conforming || (descriptor.Dpl >= s->Cpl && descriptor.Dpl >= (selector & 3));
    }

    private static bool TrySelector(SoftwareCpu cpu, CpuState* s, Op* op, out ushort selector)
    {
        if (op->Extra2 == 1)
        {
            return Guest.Load(cpu, s, EffectiveAddress.Of(s, op), out selector);
        }

        selector = *(ushort*)((byte*)s + op->Source);
        return true;
    }

    private static Op* StoreWord(SoftwareCpu cpu, CpuState* s, Op* op, ulong value)
    {
        byte* destination = (byte*)s + op->Destination;
        switch (op->Extra2)
        {
            case 1:
                return Guest.Store(cpu, s, EffectiveAddress.Of(s, op), (ushort)value) ? op + 1 : Leave.StoreStopped(s, op);
            case 2:
                W16.WriteRegister(destination, value);
                return op + 1;
            default:
                *(ulong*)destination = op->Extra2 == 4 ? (uint)value : value;
                return op + 1;
        }
    }
}
