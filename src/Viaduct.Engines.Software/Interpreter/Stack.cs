using Viaduct.Engines.Software.Decoding;
using Viaduct.Engines.Software.Segmentation;
using Viaduct.Engines.Software.State;

namespace Viaduct.Engines.Software.Interpreter;

/// <summary>PUSH, POP and their kin. The stack pointer is RSP in 64-bit mode, and else ESP or SP, as the stack segment says.</summary>
internal static unsafe class Stack
{
    internal static Op* PushRegister64(SoftwareCpu cpu, CpuState* s, Op* op) =>
        Push64(cpu, s, op, *(ulong*)((byte*)s + op->Source));

    internal static Op* PushImmediate64(SoftwareCpu cpu, CpuState* s, Op* op) => Push64(cpu, s, op, op->Immediate);

    internal static Op* PushMemory64(SoftwareCpu cpu, CpuState* s, Op* op) =>
        Guest.Load(cpu, s, EffectiveAddress.Of(s, op), out ulong value) ? Push64(cpu, s, op, value) : Leave.Faulted(s, op);

    internal static Op* PopRegister64(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        if (!Guest.Load(cpu, s, s->Registers[4], out ulong value))
        {
            return Leave.Faulted(s, op);
        }

        s->Registers[4] += 8;
        *(ulong*)((byte*)s + op->Destination) = value;
        return op + 1;
    }

    /// <summary>POP to memory: an address that uses the stack pointer uses it after the pop.</summary>
    internal static Op* PopMemory(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        int size = op->Extra;
        if (!LoadSized(cpu, s, Top(s, size), size, out ulong value))
        {
            return Leave.Faulted(s, op);
        }

        ulong before = s->Registers[4];
        Move(s, size);
        if (StoreSized(cpu, s, EffectiveAddress.Of(s, op), size, value))
        {
            return op + 1;
        }

        if (s->Exit != ExitReason.CodeModified)
        {
            s->Registers[4] = before;
        }

        return Leave.StoreStopped(s, op);
    }

    /// <summary>PUSH of a register or an immediate in any size: <see cref="Op.Extra"/> bytes; <see cref="Op.Extra2"/> is 0 for a register, 1 for an immediate, 2 for memory.</summary>
    internal static Op* PushSized(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        ulong value = op->Immediate;
        if (op->Extra2 == 0)
        {
            value = *(ulong*)((byte*)s + op->Source);
        }
        else if (op->Extra2 == 2 && !LoadSized(cpu, s, EffectiveAddress.Of(s, op), op->Extra, out value))
        {
            return Leave.Faulted(s, op);
        }

        return Push(cpu, s, value, op->Extra) ? op + 1 : Leave.StoreStopped(s, op);
    }

    /// <summary>POP of a register in any size.</summary>
    internal static Op* PopSized(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        if (!LoadSized(cpu, s, Top(s, op->Extra), op->Extra, out ulong value))
        {
            return Leave.Faulted(s, op);
        }

        Move(s, op->Extra);
        byte* destination = (byte*)s + op->Destination;
        switch (op->Extra)
        {
            case 2:
                W16.WriteRegister(destination, value);
                break;
            case 4:
                W32.WriteRegister(destination, value);
                break;
            default:
                *(ulong*)destination = value;
                break;
        }

        return op + 1;
    }

    /// <summary>PUSHF: RF and VM read as zero.</summary>
    internal static Op* PushFlags(SoftwareCpu cpu, CpuState* s, Op* op) => IsKeptFromFlags(s)
        ? Leave.Raise(s, op, Vector.GeneralProtection, 0)
        : Push(cpu, s, Flags.Read(s) & ~(Rflags.Resume | Rflags.Virtual8086), op->Extra) ? op + 1 : Leave.StoreStopped(s, op);

    /// <summary>POPF: what may change depends on the privilege; interrupts may have come on, so the block ends here.</summary>
    internal static Op* PopFlags(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        if (IsKeptFromFlags(s))
        {
            return Leave.Raise(s, op, Vector.GeneralProtection, 0);
        }

        if (!LoadSized(cpu, s, Top(s, op->Extra), op->Extra, out ulong value))
        {
            return Leave.Faulted(s, op);
        }

        Move(s, op->Extra);
        uint changeable = Rflags.Trap | Rflags.Direction | Rflags.NestedTask | Rflags.AlignmentCheck | Rflags.Identification;
        uint privilege = (s->FlagsOther & Rflags.IoPrivilege) >> 12;
        changeable |= s->Cpl == 0 ? Rflags.IoPrivilege | Rflags.Interrupt : s->Cpl <= privilege ? Rflags.Interrupt : 0;
        if (op->Extra == 2)
        {
            changeable &= 0xFFFF;
        }

        s->FlagsOther = ((s->FlagsOther & ~changeable) | ((uint)value & changeable)) & ~Rflags.Resume;
        if ((s->FlagsOther & Rflags.AlignmentCheck) == 0)
        {
            cpu.Memory.TakeBackPages();
        }

        Flags.Write(s, (uint)value);
        return Leave.After(s, op, ExitReason.Lookup);
    }

    internal static Op* LeaveFrame(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        ulong frame = s->Registers[5];
        if (!LoadSized(cpu, s, At(s, frame, op->Extra), op->Extra, out ulong value))
        {
            return Leave.Faulted(s, op);
        }

        Set(s, frame);
        Move(s, op->Extra);
        if (op->Extra == 2)
        {
            W16.WriteRegister((byte*)(s->Registers + 5), value);
        }
        else
        {
            s->Registers[5] = op->Extra == 4 ? (uint)value : value;
        }

        return op + 1;
    }

    /// <summary>ENTER: the frame's size is the immediate, the nesting level <see cref="Op.Extra2"/>.</summary>
    internal static Op* EnterFrame(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        int size = op->Extra;
        int level = op->Extra2 & 31;
        ulong stack = s->Registers[4];
        ulong frame = s->Registers[5];
        if (!Push(cpu, s, frame, size))
        {
            return Leave.StoreStopped(s, op);
        }

        ulong newFrame = s->Registers[4];
        bool done = true;
        for (int i = 1; i < level && done; i++)
        {
            frame -= (ulong)size;
            done = LoadSized(cpu, s, At(s, frame, size), size, out ulong link)
                && Push(cpu, s, link, size);
        }

        if (done && level > 0)
        {
            done = Push(cpu, s, newFrame, size);
        }

        // The new top of the stack must be writable, or the instruction faults as a whole.
        Move(s, -(int)op->Immediate);
        if (!done || !cpu.Memory.ProbeWrite(Top(s, size, write: true), size))
        {
            s->Registers[4] = stack;
            return Leave.Faulted(s, op);
        }

        if (size == 2)
        {
            W16.WriteRegister((byte*)(s->Registers + 5), newFrame);
        }
        else
        {
            s->Registers[5] = size == 4 ? (uint)newFrame : newFrame;
        }

        return op + 1;
    }

    /// <summary>The linear address of so many bytes at the top of the stack.</summary>
    internal static ulong Top(CpuState* s, int size, bool write = false) => At(s, s->Registers[4], size, write);

    /// <summary>The linear address of so many bytes at an offset in the stack segment.</summary>
    internal static ulong At(CpuState* s, ulong offset, int size, bool write = false) =>
        s->Long64 ? offset : SegmentAccess.Linear(s, SegmentName.Ss, (uint)(offset & s->StackMask), size, write);

    /// <summary>Moves the stack pointer up.</summary>
    internal static void Move(CpuState* s, int bytes) => Set(s, s->Registers[4] + (ulong)(long)bytes);

    /// <summary>Sets the stack pointer: SP alone where the stack is a 16-bit one.</summary>
    internal static void Set(CpuState* s, ulong value)
    {
        ulong mask = s->StackMask;
        s->Registers[4] = mask == ushort.MaxValue ? (s->Registers[4] & ~mask) | (value & mask) : value & mask;
    }

    /// <summary>Pushes; the stack pointer moves only when the store went through.</summary>
    internal static bool Push(SoftwareCpu cpu, CpuState* s, ulong value, int size)
    {
        ulong before = s->Registers[4];
        Move(s, -size);
        if (StoreSized(cpu, s, Top(s, size, write: true), size, value))
        {
            return true;
        }

        if (s->Exit != ExitReason.CodeModified)
        {
            s->Registers[4] = before;
        }

        return false;
    }

    internal static bool LoadSized(SoftwareCpu cpu, CpuState* s, ulong address, int size, out ulong value) => size switch
    {
        2 => W16.Load(cpu, s, address, out value),
        4 => W32.Load(cpu, s, address, out value),
        _ => W64.Load(cpu, s, address, out value),
    };

    internal static bool StoreSized(SoftwareCpu cpu, CpuState* s, ulong address, int size, ulong value) => size switch
    {
        2 => W16.Store(cpu, s, address, value),
        4 => W32.Store(cpu, s, address, value),
        _ => W64.Store(cpu, s, address, value),
    };

    // Virtual-8086 mode with an I/O privilege below 3: a monitor keeps the flags.
    private static bool IsKeptFromFlags(CpuState* s) =>
        (s->FlagsOther & Rflags.Virtual8086) != 0 && (s->FlagsOther & Rflags.IoPrivilege) != Rflags.IoPrivilege;

    private static Op* Push64(SoftwareCpu cpu, CpuState* s, Op* op, ulong value)
    {
        ulong stack = s->Registers[4] - 8;
        if (Guest.Store(cpu, s, stack, value))
        {
            s->Registers[4] = stack;
            return op + 1;
        }

        if (s->Exit == ExitReason.CodeModified)
        {
            s->Registers[4] = stack;
        }

        return Leave.StoreStopped(s, op);
    }
}
