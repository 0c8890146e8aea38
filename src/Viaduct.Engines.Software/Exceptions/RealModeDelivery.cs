using Viaduct.Engines.Software.Mmu;
using Viaduct.Engines.Software.Segmentation;
using Viaduct.Engines.Software.State;

namespace Viaduct.Engines.Software.Exceptions;

/// <summary>Exceptions and interrupts through the interrupt vector table of real-address mode, and IRET there (Intel SDM vol. 3A 20.1.4).</summary>
internal sealed unsafe class RealModeDelivery
{
    private const uint ChangeableFlags = 0x257FD5;

    private readonly CpuState* _state;
    private readonly MemoryUnit _memory;
    private readonly SegmentUnit _segments;

    internal RealModeDelivery(CpuState* state, MemoryUnit memory, SegmentUnit segments)
    {
        _state = state;
        _memory = memory;
        _segments = segments;
    }

    /// <summary>Delivers. There are no error codes. False when a fault on the way is recorded.</summary>
    internal bool TryDeliver(in Fault fault)
    {
        CpuState* s = _state;
        uint entry = (uint)fault.Vector * 4;
        if (entry + 3 > s->IdtLimit)
        {
            return Fail();
        }

        if (!_memory.LoadSystem(s->IdtBase + entry, out uint target))
        {
            return false;
        }

        StackWriter stack = new(s, _memory, in s->Segments[SegmentName.Ss], s->Registers[4], privilege: 0, typed: false, error: 0);
        if (!stack.Push(Flags.Read(s), 2)
            || !stack.Push(s->Segments[SegmentName.Cs].Selector, 2)
            || !stack.Push((uint)s->Rip, 2))
        {
            return false;
        }

        Interpreter.Stack.Set(s, stack.Pointer);
        s->FlagsOther &= ~(Rflags.Interrupt | Rflags.Trap | Rflags.AlignmentCheck | Rflags.Resume);
        _segments.LoadReal(SegmentName.Cs, (ushort)(target >> 16));
        s->Rip = (ushort)target;
        s->InterruptShadow = false;
        return true;
    }

    /// <summary>IRET and IRETD. False when a fault is recorded; nothing has changed then.</summary>
    internal bool TryReturn(int size)
    {
        CpuState* s = _state;
        ulong top = s->Registers[4];
        if (!TryRead(top, size, out ulong target)
            || !TryRead(top + (uint)size, size, out ulong selector)
            || !TryRead(top + (uint)(2 * size), size, out ulong flags))
        {
            return false;
        }

        if (target > s->Segments[SegmentName.Cs].Limit)
        {
            return Fail();
        }

        Interpreter.Stack.Move(s, 3 * size);
        uint changeable = size == 2 ? ushort.MaxValue : ChangeableFlags;
        s->FlagsOther = (s->FlagsOther & ~changeable) | ((uint)flags & changeable & Rflags.Other);
        Flags.Write(s, (uint)flags);
        _segments.LoadReal(SegmentName.Cs, (ushort)selector);
        s->Rip = target;
        return true;
    }

    private bool TryRead(ulong offset, int size, out ulong value)
    {
        ulong address = Interpreter.Stack.At(_state, offset, size);
        if (size == 4)
        {
            bool done = _memory.LoadSlow(address, out uint wide);
            value = wide;
            return done;
        }

        bool read = _memory.LoadSlow(address, out ushort narrow);
        value = narrow;
        return read;
    }

    private bool Fail()
    {
        _state->Fault = new Fault { Vector = Vector.GeneralProtection, HasErrorCode = true };
        _state->Exit = ExitReason.Fault;
        return false;
    }
}
