using Viaduct.Engines.Software.Mmu;
using Viaduct.Engines.Software.Segmentation;
using Viaduct.Engines.Software.State;

namespace Viaduct.Engines.Software.Exceptions;

/// <summary>
/// Exceptions and interrupts through 16-bit and 32-bit gates of the IDT, outside long mode (Intel SDM vol. 3A 6.12), and
/// IRET there. Tasks aren't switched: a task gate, and IRET with NT, raise #GP.
/// </summary>
internal sealed unsafe class ProtectedModeDelivery
{
    private const int InterruptGate16 = 6;
    private const int TrapGate16 = 7;
    private const int InterruptGate32 = 14;
    private const int TrapGate32 = 15;
    private const int Size32 = 8;

    private readonly CpuState* _state;
    private readonly MemoryUnit _memory;
    private readonly SegmentUnit _segments;

    internal ProtectedModeDelivery(CpuState* state, MemoryUnit memory, SegmentUnit segments)
    {
        _state = state;
        _memory = memory;
        _segments = segments;
    }

    private bool IsVirtual8086 => (_state->FlagsOther & Rflags.Virtual8086) != 0;

    /// <summary>Delivers. False when a fault on the way is recorded.</summary>
    /// <param name="fault">What is delivered.</param>
    /// <param name="external">Whether it came from outside.</param>
    /// <param name="flags">EFLAGS as they are pushed.</param>
    internal bool TryDeliver(in Fault fault, bool external, uint flags)
    {
        uint externalBit = external ? 1u : 0;
        if (!TryReadGate(fault, externalBit, out ulong gate)
            || !TryReadHandler((ushort)(gate >> 16), externalBit, out Descriptor code))
        {
            return false;
        }

        int type = (int)((gate >> 40) & 0xF);
        int size = (type & Size32) != 0 ? 4 : 2;
        uint target = (uint)((gate & 0xFFFF) | (size == 4 ? (gate >> 32) & 0xFFFF_0000 : 0));
        int privilege = code.IsConforming ? _state->Cpl : code.Dpl;
        if (target > code.Limit)
        {
            return Fail(Vector.GeneralProtection, externalBit);
        }

        bool inner = privilege != _state->Cpl;
        if (IsVirtual8086 && privilege != 0)
        {
            return Fail(Vector.GeneralProtection, ((uint)(gate >> 16) & 0xFFFC) | externalBit);
        }

        SegmentRegister stackSegment = _state->Segments[SegmentName.Ss];
        uint pointer = (uint)_state->Registers[4];
        if (inner && !TryReadStack(privilege, externalBit, out stackSegment, out pointer))
        {
            return false;
        }

        StackWriter stack = new(_state, _memory, in stackSegment, pointer, privilege, typed: true, inner ? (stackSegment.Selector & 0xFFFCu) | externalBit : externalBit);
        if (!TryPushFrame(ref stack, fault, flags, size, inner))
        {
            return false;
        }

        Enter(gate, code, privilege, inner, stackSegment, stack.Pointer, target);
        if (type is InterruptGate16 or InterruptGate32)
        {
            _state->FlagsOther &= ~Rflags.Interrupt;
        }

        return true;
    }

    /// <summary>IRET and IRETD. False when a fault is recorded; nothing has changed then.</summary>
    /// <param name="size">Bytes of a word on the stack.</param>
    internal bool TryReturn(int size)
    {
        CpuState* s = _state;
        if (IsVirtual8086)
        {
            // VME isn't there: only with I/O privilege 3.
            return (s->FlagsOther & Rflags.IoPrivilege) == Rflags.IoPrivilege ? TryReturnWithin8086(size) : Fail(Vector.GeneralProtection, 0);
        }

        ulong* frame = stackalloc ulong[9];
        if ((s->FlagsOther & Rflags.NestedTask) != 0)
        {
            return Fail(Vector.GeneralProtection, 0);
        }

        if (!TryRead(frame, 0, 3, size))
        {
            return false;
        }

        if (size == 4 && (frame[2] & Rflags.Virtual8086) != 0 && s->Cpl == 0)
        {
            return TryReturnTo8086(frame);
        }

        ushort selector = (ushort)frame[1];
        if (!_segments.TryCheckReturnTarget(selector, out Descriptor code))
        {
            return false;
        }

        if (frame[0] > code.Limit)
        {
            return Fail(Vector.GeneralProtection, 0);
        }

        int before = s->Cpl;
        int privilege = selector & 3;
        if (privilege == before)
        {
            Interpreter.Stack.Move(s, 3 * size);
        }
        else
        {
            if (!TryRead(frame, 3, 2, size))
            {
                return false;
            }

            s->Cpl = privilege;
            if (!_segments.TryLoadStack((ushort)frame[4], privilege, to64: false))
            {
                s->Cpl = before;
                _segments.Refresh();
                return false;
            }

            Interpreter.Stack.Set(s, frame[3]);
        }

        FlagImage.Restore(s, (uint)frame[2], size, before);
        _memory.TakeBackPages();
        _segments.LoadCode(code, selector, privilege);
        s->Rip = frame[0];
        if (privilege != before)
        {
            _segments.DropPrivilegedData();
        }

        return true;
    }

    private void Enter(ulong gate, Descriptor code, int privilege, bool inner, in SegmentRegister stackSegment, uint pointer, uint target)
    {
        CpuState* s = _state;
        bool leaves8086 = IsVirtual8086;
        s->FlagsOther &= ~(Rflags.Trap | Rflags.NestedTask | Rflags.Resume | Rflags.Virtual8086);
        if (inner)
        {
            s->Cpl = privilege;
            s->Segments[SegmentName.Ss] = stackSegment;
        }

        if (leaves8086)
        {
            foreach (int name in (ReadOnlySpan<int>)[SegmentName.Es, SegmentName.Ds, SegmentName.Fs, SegmentName.Gs])
            {
                _segments.LoadNull(name, 0);
            }
        }

        _segments.LoadCode(code, (ushort)(gate >> 16), privilege);
        Interpreter.Stack.Set(s, pointer);
        s->Rip = target;
        s->InterruptShadow = false;
    }

    private bool TryReadGate(in Fault fault, uint externalBit, out ulong gate)
    {
        gate = 0;
        uint error = ((uint)fault.Vector << 3) | 2 | externalBit;
        if (((uint)fault.Vector * 8) + 7 > _state->IdtLimit)
        {
            return Fail(Vector.GeneralProtection, error);
        }

        if (!_memory.LoadSystem(_state->IdtBase + ((uint)fault.Vector * 8), out gate))
        {
            return false;
        }

        int type = (int)((gate >> 40) & 0x1F);
        if (type is not (InterruptGate16 or TrapGate16 or InterruptGate32 or TrapGate32)
            || (fault.Software && !fault.IsDebugInstruction && (int)((gate >> 45) & 3) < _state->Cpl))
        {
            return Fail(Vector.GeneralProtection, error);
        }

        return (gate & (1UL << 47)) != 0 || Fail(Vector.SegmentNotPresent, error);
    }

    private bool TryReadHandler(ushort selector, uint externalBit, out Descriptor code)
    {
        code = default;
        if ((selector & ~3) == 0)
        {
            return Fail(Vector.GeneralProtection, externalBit);
        }

        if (!_segments.TryReadDescriptor(selector, Vector.GeneralProtection, out code))
        {
            return false;
        }

        uint error = (selector & 0xFFFCu) | externalBit;
        if (!code.IsCode || code.Dpl > _state->Cpl)
        {
            return Fail(Vector.GeneralProtection, error);
        }

        return code.IsPresent || Fail(Vector.SegmentNotPresent, error);
    }

    // The stack of an inner privilege, from the task state segment.
    private bool TryReadStack(int privilege, uint externalBit, out SegmentRegister segment, out uint pointer)
    {
        segment = default;
        pointer = 0;
        SegmentRegister task = _state->Segments[SegmentName.Tr];
        bool wide = (task.Attributes & Size32) != 0;
        uint offset = wide ? 4 + ((uint)privilege * 8) : 2 + ((uint)privilege * 4);
        uint error = (task.Selector & 0xFFFCu) | externalBit;
        if (offset + (wide ? 5u : 3u) > task.Limit)
        {
            return Fail(Vector.InvalidTss, error);
        }

        ushort selector;
        if (wide)
        {
            if (!_memory.LoadSystem(task.Base + offset, out pointer) || !_memory.LoadSystem(task.Base + offset + 4, out selector))
            {
                return false;
            }
        }
        else
        {
            if (!_memory.LoadSystem(task.Base + offset, out ushort narrow) || !_memory.LoadSystem(task.Base + offset + 2, out selector))
            {
                return false;
            }

            pointer = narrow;
        }

        if ((selector & ~3) == 0)
        {
            return Fail(Vector.InvalidTss, externalBit);
        }

        if (!_segments.TryReadDescriptor(selector, Vector.InvalidTss, out Descriptor descriptor))
        {
            return false;
        }

        error = (selector & 0xFFFCu) | externalBit;
        if ((selector & 3) != privilege || descriptor.Dpl != privilege || descriptor.IsSystem || descriptor.IsCode || !descriptor.IsReadWrite)
        {
            return Fail(Vector.InvalidTss, error);
        }

        segment = descriptor.ToRegister(selector);
        return descriptor.IsPresent || Fail(Vector.StackFault, error);
    }

    private bool TryPushFrame(ref StackWriter stack, in Fault fault, uint flags, int size, bool inner)
    {
        CpuState* s = _state;
        bool done = true;
        if (IsVirtual8086)
        {
            done = stack.Push(s->Segments[SegmentName.Gs].Selector, size)
                && stack.Push(s->Segments[SegmentName.Fs].Selector, size)
                && stack.Push(s->Segments[SegmentName.Ds].Selector, size)
                && stack.Push(s->Segments[SegmentName.Es].Selector, size);
        }

        if (done && inner)
        {
            done = stack.Push(s->Segments[SegmentName.Ss].Selector, size) && stack.Push((uint)s->Registers[4], size);
        }

        return done
            && stack.Push(flags, size)
            && stack.Push(s->Segments[SegmentName.Cs].Selector, size)
            && stack.Push((uint)s->Rip, size)
            && (!fault.HasErrorCode || stack.Push(fault.ErrorCode, size));
    }

    private bool TryReturnTo8086(ulong* frame)
    {
        CpuState* s = _state;
        if (!TryRead(frame, 3, 6, 4))
        {
            return false;
        }

        const uint Loaded = Rflags.Other & ~(Rflags.VirtualInterrupt | Rflags.VirtualInterruptPending);
        s->FlagsOther = (s->FlagsOther & ~Loaded) | ((uint)frame[2] & Loaded);
        Flags.Write(s, (uint)frame[2]);
        s->Cpl = 3;
        ReadOnlySpan<int> names = [SegmentName.Ss, SegmentName.Es, SegmentName.Ds, SegmentName.Fs, SegmentName.Gs];
        for (int i = 0; i < names.Length; i++)
        {
            _segments.LoadReal(names[i], (ushort)frame[4 + i]);
        }

        _segments.LoadReal(SegmentName.Cs, (ushort)frame[1]);
        s->Registers[4] = (uint)frame[3];
        s->Rip = (ushort)frame[0];
        return true;
    }

    private bool TryReturnWithin8086(int size)
    {
        CpuState* s = _state;
        ulong* frame = stackalloc ulong[3];
        if (!TryRead(frame, 0, 3, size))
        {
            return false;
        }

        if (frame[0] > s->Segments[SegmentName.Cs].Limit)
        {
            return Fail(Vector.GeneralProtection, 0);
        }

        uint changeable = Rflags.Other & ~(Rflags.IoPrivilege | Rflags.Virtual8086 | Rflags.VirtualInterrupt | Rflags.VirtualInterruptPending);
        changeable &= size == 2 ? ushort.MaxValue : uint.MaxValue;
        s->FlagsOther = (s->FlagsOther & ~changeable) | ((uint)frame[2] & changeable);
        Flags.Write(s, (uint)frame[2]);
        Interpreter.Stack.Move(s, 3 * size);
        _segments.LoadReal(SegmentName.Cs, (ushort)frame[1]);
        s->Rip = frame[0];
        return true;
    }

    private bool TryRead(ulong* frame, int first, int count, int size)
    {
        for (int i = first; i < first + count; i++)
        {
            ulong address = Interpreter.Stack.At(_state, _state->Registers[4] + (ulong)(i * size), size);
            bool done;
            if (size == 2)
            {
                done = _memory.LoadSlow(address, out ushort narrow);
                frame[i] = narrow;
            }
            else
            {
                done = _memory.LoadSlow(address, out uint wide);
                frame[i] = wide;
            }

            if (!done)
            {
                return false;
            }
        }

        return true;
    }

    private bool Fail(byte vector, uint errorCode)
    {
        _state->Fault = new Fault { Vector = vector, HasErrorCode = true, ErrorCode = errorCode };
        _state->Exit = ExitReason.Fault;
        return false;
    }
}
