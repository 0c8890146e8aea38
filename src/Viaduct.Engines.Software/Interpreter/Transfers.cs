using Viaduct.Engines.Software.Decoding;
using Viaduct.Engines.Software.Segmentation;
using Viaduct.Engines.Software.State;
using Viaduct.Engines.Software.SystemRegisters;

namespace Viaduct.Engines.Software.Interpreter;

/// <summary>Transfers that change the privilege or the code segment: system calls, software interrupts, far jumps, calls and returns.</summary>
internal static unsafe class Transfers
{
    internal static Op* SystemCall(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        if ((s->Efer & Efer.SyscallEnable) == 0 || (s->Efer & Efer.LongModeActive) == 0)
        {
            return Leave.Raise(s, op, Vector.InvalidOpcode);
        }

        ModelSpecificRegisters msrs = cpu.Msrs;
        s->Registers[1] = Leave.NextRip(s, op);
        uint flags = Flags.Read(s) & ~Rflags.Resume;
        s->Registers[11] = flags;
        ulong target = s->Long64 ? msrs.LongStar : msrs.CompatibilityStar;
        flags &= ~(uint)msrs.FlagMask;
        s->FlagsOther = flags & Rflags.Other;
        cpu.Memory.TakeBackPages();
        Flags.Write(s, flags);
        ushort selector = (ushort)((msrs.Star >> 32) & 0xFFFC);
        cpu.Segments.LoadFlat(selector, (ushort)(selector + 8), 0, is64: true);
        return GoOn(cpu, s, op, target, trapsAtEnd: true);
    }

    /// <summary>SYSRET: <see cref="Op.Extra"/> is 8 for a return to 64-bit code.</summary>
    internal static Op* SystemReturn(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        if ((s->Efer & Efer.SyscallEnable) == 0 || (s->Efer & Efer.LongModeActive) == 0)
        {
            return Leave.Raise(s, op, Vector.InvalidOpcode);
        }

        bool to64 = op->Extra == 8;
        ulong target = to64 ? s->Registers[1] : (uint)s->Registers[1];
        if (s->Cpl != 0 || !Branches.IsCanonical(target))
        {
            return Leave.Raise(s, op, Vector.GeneralProtection, 0);
        }

        uint flags = (uint)s->Registers[11];
        s->FlagsOther = flags & Rflags.Other & ~(Rflags.Resume | Rflags.Virtual8086);
        Flags.Write(s, flags);
        ushort selector = (ushort)(cpu.Msrs.Star >> 48);
        cpu.Segments.LoadFlat((ushort)((selector + (to64 ? 16 : 0)) | 3), (ushort)((selector + 8) | 3), 3, to64);
        return GoOn(cpu, s, op, target, trapsAtEnd: true);
    }

    internal static Op* FastEnter(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        ModelSpecificRegisters msrs = cpu.Msrs;
        if ((msrs.SysenterCs & 0xFFFC) == 0)
        {
            return Leave.Raise(s, op, Vector.GeneralProtection, 0);
        }

        bool longMode = (s->Efer & Efer.LongModeActive) != 0;
        s->FlagsOther &= ~(Rflags.Interrupt | Rflags.Virtual8086);
        cpu.Segments.LoadFlatCode((ushort)(msrs.SysenterCs & 0xFFFC), 0, longMode);
        cpu.Segments.LoadFlatData(SegmentName.Ss, (ushort)((msrs.SysenterCs & 0xFFFC) + 8), 0);
        s->Registers[4] = longMode ? msrs.SysenterRsp : (uint)msrs.SysenterRsp;
        return Elsewhere(s, op, longMode ? msrs.SysenterRip : (uint)msrs.SysenterRip);
    }

    /// <summary>SYSEXIT: <see cref="Op.Extra"/> is 8 for a return to 64-bit code.</summary>
    internal static Op* FastExit(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        bool to64 = op->Extra == 8;
        ulong selector = cpu.Msrs.SysenterCs;
        ulong target = to64 ? s->Registers[2] : (uint)s->Registers[2];
        ulong stack = to64 ? s->Registers[1] : (uint)s->Registers[1];
        if ((selector & 0xFFFC) == 0 || s->Cpl != 0 || !Branches.IsCanonical(target) || !Branches.IsCanonical(stack))
        {
            return Leave.Raise(s, op, Vector.GeneralProtection, 0);
        }

        cpu.Segments.LoadFlatCode((ushort)((selector + (to64 ? 32u : 16u)) | 3), 3, to64);
        cpu.Segments.LoadFlatData(SegmentName.Ss, (ushort)((selector + (to64 ? 40u : 24u)) | 3), 3);
        s->Registers[4] = stack;
        return Elsewhere(s, op, target);
    }

    /// <summary>INT n, INT3, INT1: the vector is the immediate.</summary>
    internal static Op* Interrupt(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        if ((s->FlagsOther & Rflags.Virtual8086) != 0 && (s->FlagsOther & Rflags.IoPrivilege) != Rflags.IoPrivilege && op->Length == 2)
        {
            return Leave.Raise(s, op, Vector.GeneralProtection, 0);
        }

        // The frame has the address after the instruction, a fault on the way there the instruction's own.
        s->Fault = new Fault { Vector = (byte)op->Immediate, Software = true, IsDebugInstruction = op->Extra == 1, InstructionLength = op->Length };
        s->Exit = ExitReason.Fault;
        s->Rip = Leave.NextRip(s, op);
        s->Instructions += op->Ordinal;
        return null;
    }

    /// <summary>INTO.</summary>
    internal static Op* InterruptOnOverflow(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        if (!Flags.Overflow(s))
        {
            return Elsewhere(s, op, Leave.NextRip(s, op));
        }

        op->Immediate = Vector.Overflow;
        return Interrupt(cpu, s, op);
    }

    internal static Op* InterruptReturn(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        if (!cpu.Exceptions.TryReturn(op->Extra))
        {
            return Leave.Faulted(s, op);
        }

        if (cpu.Apic.IsNmiPending)
        {
            // It waited for this instruction.
            Volatile.Write(ref s->Limit, 0);
        }

        s->Exit = ExitReason.Lookup;
        return GoOn(cpu, s, op, s->Rip, trapsAtEnd: false);
    }

    /// <summary>JMP ptr16:32 and ptr16:16: the selector is <see cref="Op.Displacement"/>, the offset the immediate.</summary>
    internal static Op* FarJump(SoftwareCpu cpu, CpuState* s, Op* op) =>
        JumpTo(cpu, s, op, (ushort)op->Displacement, op->Immediate);

    /// <summary>JMP m16:16/32/64: <see cref="Op.Extra"/> is the offset's bytes.</summary>
    internal static Op* FarJumpMemory(SoftwareCpu cpu, CpuState* s, Op* op) =>
        TryLoadPointer(cpu, s, op, out ushort selector, out ulong offset)
            ? JumpTo(cpu, s, op, selector, offset)
            : Leave.Faulted(s, op);

    /// <summary>CALL m16:16/32/64.</summary>
    internal static Op* FarCallMemory(SoftwareCpu cpu, CpuState* s, Op* op) =>
        TryLoadPointer(cpu, s, op, out ushort selector, out ulong offset)
            ? CallTo(cpu, s, op, selector, offset)
            : Leave.Faulted(s, op);

    internal static Op* FarCall(SoftwareCpu cpu, CpuState* s, Op* op) =>
        CallTo(cpu, s, op, (ushort)op->Displacement, op->Immediate);

    /// <summary>RETF, with the immediate's bytes of arguments dropped: <see cref="Op.Extra"/> is the operand size in bytes.</summary>
    internal static Op* FarReturn(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        int size = op->Extra;
        ulong stack = s->Registers[4];
        if (!Stack.LoadSized(cpu, s, Stack.At(s, stack, size), size, out ulong target)
            || !Stack.LoadSized(cpu, s, Stack.At(s, stack + (ulong)size, size), size, out ulong selector))
        {
            return Leave.Faulted(s, op);
        }

        if (cpu.Segments.IsRealAddressing)
        {
            if (target > s->Segments[SegmentName.Cs].Limit)
            {
                return Leave.Raise(s, op, Vector.GeneralProtection, 0);
            }

            Stack.Move(s, (2 * size) + (int)op->Immediate);
            cpu.Segments.LoadReal(SegmentName.Cs, (ushort)selector);
            return Elsewhere(s, op, target);
        }

        if (!cpu.Segments.TryCheckReturnTarget((ushort)selector, out Descriptor code))
        {
            return Leave.Faulted(s, op);
        }

        int privilege = (int)(selector & 3);
        ulong arguments = op->Immediate;
        if (privilege != s->Cpl)
        {
            ulong outer = stack + (ulong)(2 * size) + arguments;
            if (!Stack.LoadSized(cpu, s, Stack.At(s, outer, size), size, out ulong newStack)
                || !Stack.LoadSized(cpu, s, Stack.At(s, outer + (ulong)size, size), size, out ulong stackSelector))
            {
                return Leave.Faulted(s, op);
            }

            bool to64 = (code.Attributes & Descriptor.Long) != 0;
            int before = s->Cpl;
            s->Cpl = privilege;
            if (!cpu.Segments.TryLoadStack((ushort)stackSelector, privilege, to64))
            {
                s->Cpl = before;
                cpu.Segments.Refresh();
                return Leave.Faulted(s, op);
            }

            cpu.Segments.LoadCode(code, (ushort)selector, privilege);
            Stack.Set(s, newStack + arguments);
            cpu.Segments.DropPrivilegedData();
        }
        else
        {
            Stack.Move(s, (2 * size) + (int)arguments);
            cpu.Segments.LoadCode(code, (ushort)selector, privilege);
        }

        return Elsewhere(s, op, s->Long64 ? target : (uint)target);
    }

    private static Op* JumpTo(SoftwareCpu cpu, CpuState* s, Op* op, ushort selector, ulong offset)
    {
        if (cpu.Segments.IsRealAddressing)
        {
            if (offset > s->Segments[SegmentName.Cs].Limit)
            {
                return Leave.Raise(s, op, Vector.GeneralProtection, 0);
            }

            cpu.Segments.LoadReal(SegmentName.Cs, selector);
            return Elsewhere(s, op, offset);
        }

        if (!cpu.Segments.TryCheckCodeTarget(selector, out Descriptor code))
        {
            return Leave.Faulted(s, op);
        }

        cpu.Segments.LoadCode(code, selector, s->Cpl);
        return Elsewhere(s, op, offset);
    }

    private static Op* CallTo(SoftwareCpu cpu, CpuState* s, Op* op, ushort selector, ulong offset)
    {
        bool real = cpu.Segments.IsRealAddressing;
        Descriptor code = default;
        if (real && offset > s->Segments[SegmentName.Cs].Limit)
        {
            return Leave.Raise(s, op, Vector.GeneralProtection, 0);
        }

        if (!real && !cpu.Segments.TryCheckCodeTarget(selector, out code))
        {
            return Leave.Faulted(s, op);
        }

        ulong next = Leave.NextRip(s, op);
        ulong before = s->Registers[4];
        if (!TryPushOver(cpu, s, s->Segments[SegmentName.Cs].Selector, op->Extra) || !TryPushOver(cpu, s, next, op->Extra))
        {
            s->Registers[4] = before;
            return Leave.Faulted(s, op);
        }

        if (real)
        {
            cpu.Segments.LoadReal(SegmentName.Cs, selector);
        }
        else
        {
            cpu.Segments.LoadCode(code, selector, s->Cpl);
        }

        return Elsewhere(s, op, offset);
    }

    // A far call looks its target up anew, so a change of decoded code by its own pushes needs no more.
    private static bool TryPushOver(SoftwareCpu cpu, CpuState* s, ulong value, int size) =>
        Stack.Push(cpu, s, value, size) || s->Exit == ExitReason.CodeModified;

    private static bool TryLoadPointer(SoftwareCpu cpu, CpuState* s, Op* op, out ushort selector, out ulong offset)
    {
        ulong address = EffectiveAddress.Of(s, op);
        selector = 0;
        return Stack.LoadSized(cpu, s, address, op->Extra, out offset)
            && Guest.Load(cpu, s, address + op->Extra, out selector);
    }

    // As elsewhere, but without leaving the loop where nothing else is to be seen to first.
    private static Op* GoOn(SoftwareCpu cpu, CpuState* s, Op* op, ulong rip, bool trapsAtEnd)
    {
        if (!s->Long64 || (s->FlagsOther & Rflags.Trap) != 0 || cpu.HasInterrupt)
        {
            s->TrapsAtEnd = trapsAtEnd;
            return Elsewhere(s, op, rip);
        }

        s->Instructions += op->Ordinal;
        Op* next = Leave.To(s, rip);
        s->TrapsAtEnd = trapsAtEnd && next == null;
        return next;
    }

    private static Op* Elsewhere(CpuState* s, Op* op, ulong rip)
    {
        s->Rip = rip;
        s->Exit = ExitReason.Lookup;
        s->Instructions += op->Ordinal;
        return null;
    }
}
