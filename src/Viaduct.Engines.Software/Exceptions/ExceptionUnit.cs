using Viaduct.Engines.Software.Mmu;
using Viaduct.Engines.Software.Segmentation;
using Viaduct.Engines.Software.State;
using Viaduct.Engines.Software.SystemRegisters;

namespace Viaduct.Engines.Software.Exceptions;

/// <summary>Delivers exceptions and interrupts through the IDT in long mode (Intel SDM vol. 3A 6.14), and returns from them; other modes have units of their own.</summary>
internal sealed unsafe class ExceptionUnit
{
    private const int GateInterrupt = 14;
    private const int GateTrap = 15;
    private const int TssStackPointers = 4;
    private const int TssInterruptStacks = 36;

    private readonly CpuState* _state;
    private readonly MemoryUnit _memory;
    private readonly SegmentUnit _segments;
    private readonly RealModeDelivery _realMode;
    private readonly ProtectedModeDelivery _protectedMode;

    internal ExceptionUnit(CpuState* state, MemoryUnit memory, SegmentUnit segments)
    {
        _state = state;
        _memory = memory;
        _segments = segments;
        _realMode = new RealModeDelivery(state, memory, segments);
        _protectedMode = new ProtectedModeDelivery(state, memory, segments);
    }

    /// <summary>Whether NMIs are held back until the next IRET.</summary>
    internal bool NmiBlocked { get; set; }

    /// <summary>Delivers an exception; faults on the way become double faults as table 6-5 says.</summary>
    /// <returns>False on a triple fault.</returns>
    internal bool Deliver(Fault fault)
    {
        if (fault.NonCanonical && _state->Long64)
        {
            fault.Vector = StackAccess.VectorOf(_state, _memory);
        }

        for (int attempt = 0; attempt < 3; attempt++)
        {
            if (TryDeliver(fault, external: false))
            {
                return true;
            }

            Fault second = _state->Fault;
            if (fault.Software)
            {
                _state->Rip -= fault.InstructionLength;
            }

            if (fault.Vector == Vector.DoubleFault)
            {
                return false;
            }

            bool becomesDouble = (IsContributory(fault.Vector) && IsContributory(second.Vector))
                || (fault.Vector == Vector.PageFault && (IsContributory(second.Vector) || second.Vector == Vector.PageFault));
            fault = becomesDouble ? new Fault { Vector = Vector.DoubleFault, HasErrorCode = true } : second;
        }

        return false;
    }

    /// <summary>Delivers an interrupt from outside.</summary>
    /// <returns>False on a triple fault.</returns>
    internal bool DeliverInterrupt(byte vector) =>
        TryDeliver(new Fault { Vector = vector }, external: true) || Deliver(_state->Fault);

    /// <summary>IRETQ and, of a 32-bit operand size, IRETD. False when a fault is recorded; RIP is then as it was.</summary>
    internal bool TryReturn(int size)
    {
        CpuState* s = _state;
        NmiBlocked = false;
        if ((s->Cr0 & Cr0.ProtectionEnable) == 0)
        {
            return _realMode.TryReturn(size);
        }

        if ((s->Efer & Efer.LongModeActive) == 0)
        {
            return _protectedMode.TryReturn(size);
        }

        if ((s->FlagsOther & Rflags.NestedTask) != 0)
        {
            return Fail(Vector.GeneralProtection, 0);
        }

        ulong stack = s->Registers[4];
        ulong* frame = stackalloc ulong[5];
        int words = s->Long64 ? 5 : 3;
        for (int i = 0; i < words; i++)
        {
            if (!TryPop(stack, i, size, out frame[i]))
            {
                return false;
            }
        }

        if (!_segments.TryCheckReturnTarget((ushort)frame[1], out Descriptor code))
        {
            return false;
        }

        int privilege = (int)(frame[1] & 3);
        bool outer = privilege != s->Cpl;
        if (!s->Long64 && outer
            && (!TryPop(stack, 3, size, out frame[3]) || !TryPop(stack, 4, size, out frame[4])))
        {
            return false;
        }

        bool to64 = (code.Attributes & Descriptor.Long) != 0 && (s->Efer & Efer.LongModeActive) != 0;
        if (to64 && !Interpreter.Branches.IsCanonical(frame[0]))
        {
            return Fail(Vector.GeneralProtection, 0);
        }

        bool loadsStack = s->Long64 || outer;
        int before = s->Cpl;
        if (loadsStack && !TryLoadStackFor((ushort)frame[4], privilege, to64))
        {
            return false;
        }

        FlagImage.Restore(s, (uint)frame[2], size, before);
        _memory.TakeBackPages();
        _segments.LoadCode(code, (ushort)frame[1], privilege);
        s->Rip = to64 ? frame[0] : (uint)frame[0];
        Interpreter.Stack.Set(s, loadsStack ? frame[3] : stack + (ulong)(3 * size));
        if (outer)
        {
            _segments.DropPrivilegedData();
        }

        _memory.SerializeCode();
        return true;
    }

    private static bool IsContributory(byte vector) =>
        vector is Vector.DivideError or Vector.InvalidTss or Vector.SegmentNotPresent or Vector.StackFault or Vector.GeneralProtection;

    // Faults point at the instruction and set RF in the flags that they push; traps and interrupts point after it.
    private static bool IsFault(in Fault fault) => !fault.Software
        && fault.Vector is not (Vector.Breakpoint or Vector.Overflow or Vector.NonMaskable or Vector.Debug)
        && fault.Vector < 32;

    private bool TryLoadStackFor(ushort selector, int privilege, bool to64)
    {
        // The checks are against the privilege that is returned to.
        int before = _state->Cpl;
        _state->Cpl = privilege;
        bool loaded = _segments.TryLoadStack(selector, privilege, to64);
        _state->Cpl = before;
        _segments.Refresh();
        return loaded;
    }

    private bool TryPop(ulong stack, int index, int size, out ulong value)
    {
        ulong address = Interpreter.Stack.At(_state, stack + (ulong)(index * size), size);
        if (size == 8)
        {
            return LoadCurrent(address, out value);
        }

        bool done;
        if (size == 4)
        {
            done = LoadCurrent(address, out uint narrow);
            value = narrow;
        }
        else
        {
            done = LoadCurrent(address, out ushort narrow);
            value = narrow;
        }

        return done;
    }

    private bool LoadCurrent<T>(ulong address, out T value)
        where T : unmanaged => _memory.LoadSlow(address, out value);

    private bool TryDeliver(Fault fault, bool external)
    {
        CpuState* s = _state;
        if ((s->Efer & Efer.LongModeActive) == 0)
        {
            uint flags = Flags.Read(s) | (IsFault(fault) ? Rflags.Resume : 0);
            bool delivered = (s->Cr0 & Cr0.ProtectionEnable) == 0
                ? _realMode.TryDeliver(fault)
                : _protectedMode.TryDeliver(fault, external, flags);
            NmiBlocked |= delivered && fault.Vector == Vector.NonMaskable;
            return delivered;
        }

        uint externalBit = external ? 1u : 0;
        uint idtError = ((uint)fault.Vector << 3) | 2 | externalBit;
        ulong gateAddress = s->IdtBase + ((ulong)fault.Vector * 16);
        if (((uint)fault.Vector * 16) + 15 > s->IdtLimit)
        {
            return Fail(Vector.GeneralProtection, idtError);
        }

        if (!_memory.LoadSystem(gateAddress, out ulong low) || !_memory.LoadSystem(gateAddress + 8, out ulong high))
        {
            return false;
        }

        int type = (int)((low >> 40) & 0x1F);
        if (type is not (GateInterrupt or GateTrap) || (fault.Software && !fault.IsDebugInstruction && (int)((low >> 45) & 3) < s->Cpl))
        {
            return Fail(Vector.GeneralProtection, idtError);
        }

        if ((low & (1UL << 47)) == 0)
        {
            return Fail(Vector.SegmentNotPresent, idtError);
        }

        ushort selector = (ushort)(low >> 16);
        if (!TryCheckHandler(selector, externalBit, out Descriptor code))
        {
            return false;
        }

        int privilege = code.IsConforming ? s->Cpl : code.Dpl;
        if (!TryChooseStack((int)((low >> 32) & 7), privilege, out ulong stack) || !TryPushFrame(fault, ref stack, privilege))
        {
            return false;
        }

        ulong target = (low & 0xFFFF) | ((low >> 32) & 0xFFFF0000) | (high << 32);
        if (privilege != s->Cpl)
        {
            s->Cpl = privilege;
            _segments.LoadNull(SegmentName.Ss, (ushort)privilege);
        }

        _segments.LoadCode(code, selector, privilege);
        s->Registers[4] = stack;
        s->Rip = target;
        s->FlagsOther &= ~(Rflags.Trap | Rflags.NestedTask | Rflags.Resume | Rflags.Virtual8086);
        if (type == GateInterrupt)
        {
            s->FlagsOther &= ~Rflags.Interrupt;
        }

        if (fault.Vector == Vector.NonMaskable)
        {
            NmiBlocked = true;
        }

        s->InterruptShadow = false;
        return true;
    }

    private bool TryCheckHandler(ushort selector, uint externalBit, out Descriptor code)
    {
        code = default;
        uint error = (selector & 0xFFFCu) | externalBit;
        if ((selector & ~3) == 0)
        {
            return Fail(Vector.GeneralProtection, externalBit);
        }

        if (!_segments.TryReadDescriptor(selector, Vector.GeneralProtection, out code))
        {
            return false;
        }

        bool is64 = (code.Attributes & (Descriptor.Long | Descriptor.Big)) == Descriptor.Long;
        if (!code.IsCode || code.Dpl > _state->Cpl || !is64)
        {
            return Fail(Vector.GeneralProtection, error);
        }

        return code.IsPresent || Fail(Vector.SegmentNotPresent, error);
    }

    private bool TryChooseStack(int interruptStack, int privilege, out ulong stack)
    {
        stack = _state->Registers[4];
        int offset = interruptStack != 0 ? TssInterruptStacks + ((interruptStack - 1) * 8)
            : privilege != _state->Cpl ? TssStackPointers + (privilege * 8)
            : -1;
        if (offset >= 0)
        {
            SegmentRegister task = _state->Segments[SegmentName.Tr];
            if ((uint)offset + 7 > task.Limit)
            {
                return Fail(Vector.InvalidTss, task.Selector & ~3u);
            }

            if (!_memory.LoadSystem(task.Base + (ulong)offset, out stack))
            {
                return false;
            }
        }

        stack &= ~15UL;
        return Interpreter.Branches.IsCanonical(stack) || Fail(Vector.StackFault, 0);
    }

    private bool TryPushFrame(in Fault fault, ref ulong stack, int privilege)
    {
        CpuState* s = _state;
        uint flags = Flags.Read(s) | (IsFault(fault) ? Rflags.Resume : 0);
        ulong* frame = stackalloc ulong[6];
        frame[0] = s->Segments[SegmentName.Ss].Selector;
        frame[1] = s->Registers[4];
        frame[2] = flags;
        frame[3] = s->Segments[SegmentName.Cs].Selector;
        frame[4] = s->Rip;
        frame[5] = fault.ErrorCode;
        int words = fault.HasErrorCode ? 6 : 5;

        // The new stack is accessed with the handler's rights.
        ulong mode = s->AccessMode;
        _memory.SetAccessMode(privilege == 3 ? TlbEntry.User : TlbEntry.Supervisor);
        bool done = true;
        for (int i = 0; i < words && done; i++)
        {
            stack -= 8;
            s->Exit = ExitReason.Lookup;
            done = _memory.StoreSlow(stack, frame[i]) || s->Exit == ExitReason.CodeModified;
        }

        _memory.SetAccessMode(mode);
        return done;
    }

    private bool Fail(byte vector, uint errorCode)
    {
        _state->Fault = new Fault { Vector = vector, HasErrorCode = true, ErrorCode = errorCode };
        _state->Exit = ExitReason.Fault;
        return false;
    }
}
