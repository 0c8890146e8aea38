using Viaduct.Engines.Software.Mmu;
using Viaduct.Engines.Software.State;
using Viaduct.Engines.Software.SystemRegisters;

namespace Viaduct.Engines.Software.Segmentation;

/// <summary>Loads of segment registers with their checks, and what follows from them: code size, privilege, bases (Intel SDM vol. 3A chapters 3 and 5).</summary>
internal sealed unsafe class SegmentUnit
{
    private readonly CpuState* _state;
    private readonly MemoryUnit _memory;

    internal SegmentUnit(CpuState* state, MemoryUnit memory)
    {
        _state = state;
        _memory = memory;
    }

    /// <summary>Whether segments have no descriptors: real-address mode, and virtual-8086 mode.</summary>
    internal bool IsRealAddressing => (_state->Cr0 & Cr0.ProtectionEnable) == 0 || (_state->FlagsOther & Rflags.Virtual8086) != 0;

    /// <summary>Works out everything that depends on CS, the privilege and the mode.</summary>
    internal void Refresh()
    {
        CpuState* s = _state;
        ushort code = s->Segments[SegmentName.Cs].Attributes;
        bool longMode = (s->Efer & Efer.LongModeActive) != 0;
        s->Long64 = longMode && (code & Descriptor.Long) != 0;
        bool isUser = s->Cpl == 3;
        if (isUser && s->AccessMode != TlbEntry.User)
        {
            _memory.EnterUser();
        }

        _memory.SetAccessMode(isUser ? TlbEntry.User : TlbEntry.Supervisor);
        s->FetchMode = FetchModes.Valid
            | (isUser ? FetchModes.User : 0)
            | (s->Long64 ? FetchModes.Size64 : (code & Descriptor.Big) == 0 ? FetchModes.Size16 : 0);
        s->FlatSegments = 0;
        for (int i = 0; i <= SegmentName.Gs; i++)
        {
            s->SegmentBases[i] = s->Long64 && i < SegmentName.Fs ? 0 : s->Segments[i].Base;
            s->FlatSegments |= s->Segments[i].IsFlatData ? 1u << i : 0;
        }

        s->StackMask = s->Long64 ? ulong.MaxValue
            : (s->Segments[SegmentName.Ss].Attributes & Descriptor.Big) != 0 ? uint.MaxValue : ushort.MaxValue;
    }

    /// <summary>Loads a segment register where there are no descriptors: the base follows from the selector.</summary>
    internal void LoadReal(int name, ushort selector)
    {
        // In real-address mode the limit and the size stay as they were, which is what "unreal" mode lives on.
        SegmentRegister before = _state->Segments[name];
        bool isVirtual8086 = (_state->FlagsOther & Rflags.Virtual8086) != 0;
        bool keeps = !isVirtual8086 && (before.Attributes & Descriptor.Present) != 0;
        ushort type = Descriptor.Present | Descriptor.NonSystem | Descriptor.ReadWrite | Descriptor.AccessedBit;
        int size = keeps ? before.Attributes & (Descriptor.Big | Descriptor.Granular) : 0;
        int executable = name == SegmentName.Cs ? Descriptor.Executable : 0;
        int privilege = isVirtual8086 ? 3 << 5 : 0;
        _ = Load(name, new SegmentRegister
        {
            Base = (ulong)selector << 4,
            Limit = keeps ? before.Limit : ushort.MaxValue,
            Attributes = (ushort)(type | size | executable | privilege),
            Selector = selector,
        });
    }

    /// <summary>Reads the descriptor that a selector names. On failure records <paramref name="vector"/> with the selector as its error code.</summary>
    internal bool TryReadDescriptor(ushort selector, byte vector, out Descriptor descriptor)
    {
        descriptor = default;
        bool local = (selector & 4) != 0;
        ulong table = local ? _state->Segments[SegmentName.Ldtr].Base : _state->GdtBase;
        uint limit = local ? _state->Segments[SegmentName.Ldtr].Limit : _state->GdtLimit;
        uint offset = selector & 0xFFF8u;
        if (offset + 7 > limit || (local && (_state->Segments[SegmentName.Ldtr].Attributes & Descriptor.Present) == 0))
        {
            return Fail(vector, selector);
        }

        if (!_memory.LoadSystem(table + offset, out ulong raw))
        {
            return false;
        }

        descriptor = new Descriptor(raw);
        return true;
    }

    /// <summary>MOV or POP to DS, ES, FS, GS or SS. False when a fault is recorded.</summary>
    internal bool TryLoadData(int name, ushort selector)
    {
        if (IsRealAddressing)
        {
            LoadReal(name, selector);
            return true;
        }

        int requested = selector & 3;
        if ((selector & ~3) == 0)
        {
            if (name == SegmentName.Ss && (!_state->Long64 || _state->Cpl == 3 || requested != _state->Cpl))
            {
                return Fail(Vector.GeneralProtection, 0);
            }

            LoadNull(name, selector);
            return true;
        }

        if (!TryReadDescriptor(selector, Vector.GeneralProtection, out Descriptor descriptor))
        {
            return false;
        }

        bool allowed = name == SegmentName.Ss
            ? !descriptor.IsSystem && !descriptor.IsCode && descriptor.IsReadWrite
                && requested == _state->Cpl && descriptor.Dpl == _state->Cpl
            : !descriptor.IsSystem && (!descriptor.IsCode || descriptor.IsReadWrite)
                && ((descriptor.IsCode && descriptor.IsConforming) || (requested <= descriptor.Dpl && _state->Cpl <= descriptor.Dpl));
        if (!allowed)
        {
            return Fail(Vector.GeneralProtection, selector);
        }

        if (!descriptor.IsPresent)
        {
            return Fail(name == SegmentName.Ss ? Vector.StackFault : Vector.SegmentNotPresent, selector);
        }

        return TryMarkAccessed(selector, ref descriptor) && Load(name, descriptor.ToRegister(selector));
    }

    /// <summary>Loads CS, whose descriptor and privilege have been checked.</summary>
    internal void LoadCode(Descriptor descriptor, ushort selector, int privilege)
    {
        _state->Cpl = privilege;
        _ = Load(SegmentName.Cs, descriptor.ToRegister((ushort)((selector & ~3) | privilege)));
    }

    /// <summary>Loads CS as SYSCALL and its kin do: flat, without a descriptor.</summary>
    internal void LoadFlatCode(ushort selector, int privilege, bool is64)
    {
        _state->Cpl = privilege;
        _ = Load(SegmentName.Cs, FlatCode(selector, privilege, is64));
    }

    /// <summary>Loads a data segment flat, without a descriptor.</summary>
    internal void LoadFlatData(int name, ushort selector, int privilege) => _ = Load(name, FlatData(selector, privilege));

    /// <summary>Loads CS and SS flat, without descriptors, as the fast system calls and returns do.</summary>
    internal void LoadFlat(ushort code, ushort stack, int privilege, bool is64)
    {
        _state->Cpl = privilege;
        _state->Segments[SegmentName.Cs] = FlatCode(code, privilege, is64);
        _state->Segments[SegmentName.Ss] = FlatData(stack, privilege);
        Refresh();
    }

    /// <summary>Checks the target of a far jump or call to a code segment. False when a fault is recorded.</summary>
    internal bool TryCheckCodeTarget(ushort selector, out Descriptor descriptor)
    {
        descriptor = default;
        if ((selector & ~3) == 0)
        {
            return Fail(Vector.GeneralProtection, 0);
        }

        if (!TryReadDescriptor(selector, Vector.GeneralProtection, out descriptor))
        {
            return false;
        }

        bool privileged = descriptor.IsConforming
            ? descriptor.Dpl <= _state->Cpl
            : (selector & 3) <= _state->Cpl && descriptor.Dpl == _state->Cpl;
        if (!descriptor.IsCode || !privileged || IsBadLong(descriptor))
        {
            return Fail(Vector.GeneralProtection, selector);
        }

        return descriptor.IsPresent ? TryMarkAccessed(selector, ref descriptor) : Fail(Vector.SegmentNotPresent, selector);
    }

    /// <summary>Checks the target of a far return or IRET, to the selector's privilege. False when a fault is recorded.</summary>
    internal bool TryCheckReturnTarget(ushort selector, out Descriptor descriptor)
    {
        descriptor = default;
        int requested = selector & 3;
        if ((selector & ~3) == 0)
        {
            return Fail(Vector.GeneralProtection, 0);
        }

        if (!TryReadDescriptor(selector, Vector.GeneralProtection, out descriptor))
        {
            return false;
        }

        bool privileged = requested >= _state->Cpl
            && (descriptor.IsConforming ? descriptor.Dpl <= requested : descriptor.Dpl == requested);
        if (!descriptor.IsCode || !privileged || IsBadLong(descriptor))
        {
            return Fail(Vector.GeneralProtection, selector);
        }

        return descriptor.IsPresent ? TryMarkAccessed(selector, ref descriptor) : Fail(Vector.SegmentNotPresent, selector);
    }

    /// <summary>Checks and loads SS on the way to a privilege. A null selector is for 64-bit code below privilege 3.</summary>
    internal bool TryLoadStack(ushort selector, int privilege, bool to64)
    {
        if ((selector & ~3) == 0)
        {
            if (!to64 || privilege == 3 || (selector & 3) != privilege)
            {
                return Fail(Vector.GeneralProtection, 0);
            }

            LoadNull(SegmentName.Ss, selector);
            return true;
        }

        if (!TryReadDescriptor(selector, Vector.GeneralProtection, out Descriptor descriptor))
        {
            return false;
        }

        if (descriptor.IsSystem || descriptor.IsCode || !descriptor.IsReadWrite
            || (selector & 3) != privilege || descriptor.Dpl != privilege)
        {
            return Fail(Vector.GeneralProtection, selector);
        }

        if (!descriptor.IsPresent)
        {
            return Fail(Vector.StackFault, selector);
        }

        return TryMarkAccessed(selector, ref descriptor) && Load(SegmentName.Ss, descriptor.ToRegister(selector));
    }

    /// <summary>Loads a null selector: SS then has the privilege in its attributes.</summary>
    internal void LoadNull(int name, ushort selector) => Load(name, new SegmentRegister { Selector = selector });

    /// <summary>After a return to an outer privilege: data segments that it may not use become null.</summary>
    internal void DropPrivilegedData()
    {
        ReadOnlySpan<int> names = [SegmentName.Es, SegmentName.Ds, SegmentName.Fs, SegmentName.Gs];
        foreach (int name in names)
        {
            SegmentRegister segment = _state->Segments[name];
            bool conformingCode = (segment.Attributes & (Descriptor.Executable | Descriptor.Conforming)) == (Descriptor.Executable | Descriptor.Conforming);
            if (((segment.Attributes >> 5) & 3) < _state->Cpl && !conformingCode)
            {
                _state->Segments[name].Selector = 0;
                _state->Segments[name].Attributes = 0;
                if (name < SegmentName.Fs)
                {
                    _state->Segments[name].Base = 0;
                }
            }
        }

        Refresh();
    }

    /// <summary>LLDT. False when a fault is recorded.</summary>
    internal bool TryLoadLdt(ushort selector)
    {
        if ((selector & ~3) == 0)
        {
            _state->Segments[SegmentName.Ldtr] = new SegmentRegister { Selector = selector };
            return true;
        }

        return TryReadSystem(selector, out Descriptor descriptor, out ulong high)
            && (descriptor.Type == Descriptor.TypeLdt || Fail(Vector.GeneralProtection, selector))
            && (descriptor.IsPresent || Fail(Vector.SegmentNotPresent, selector))
            && SetSystem(SegmentName.Ldtr, descriptor, high, selector);
    }

    /// <summary>LTR. False when a fault is recorded.</summary>
    internal bool TryLoadTask(ushort selector)
    {
        if ((selector & ~3) == 0)
        {
            return Fail(Vector.GeneralProtection, 0);
        }

        if (!TryReadSystem(selector, out Descriptor descriptor, out ulong high))
        {
            return false;
        }

        if (descriptor.Type != Descriptor.TypeTssAvailable)
        {
            return Fail(Vector.GeneralProtection, selector);
        }

        if (!descriptor.IsPresent)
        {
            return Fail(Vector.SegmentNotPresent, selector);
        }

        Descriptor busy = new(descriptor.Raw | (2UL << 40));
        return _memory.StoreSystem(_state->GdtBase + (selector & 0xFFF8u), busy.Raw) && SetSystem(SegmentName.Tr, busy, high, selector);
    }

    private static SegmentRegister FlatCode(ushort selector, int privilege, bool is64)
    {
        const ushort Code = Descriptor.Present | Descriptor.NonSystem | Descriptor.Executable | Descriptor.ReadWrite
            | Descriptor.AccessedBit | Descriptor.Granular;
        return new SegmentRegister
        {
            Limit = uint.MaxValue,
            Attributes = (ushort)(Code | (privilege << 5) | (is64 ? Descriptor.Long : Descriptor.Big)),
            Selector = selector,
        };
    }

    private static SegmentRegister FlatData(ushort selector, int privilege)
    {
        const ushort Data = Descriptor.Present | Descriptor.NonSystem | Descriptor.ReadWrite | Descriptor.AccessedBit
            | Descriptor.Granular | Descriptor.Big;
        return new SegmentRegister
        {
            Limit = uint.MaxValue,
            Attributes = (ushort)(Data | (privilege << 5)),
            Selector = selector,
        };
    }

    private static bool IsBadLong(Descriptor descriptor) =>
        (descriptor.Attributes & (Descriptor.Long | Descriptor.Big)) == (Descriptor.Long | Descriptor.Big);

    private bool TryReadSystem(ushort selector, out Descriptor descriptor, out ulong high)
    {
        high = 0;
        descriptor = default;
        if ((selector & 4) != 0)
        {
            return Fail(Vector.GeneralProtection, selector);
        }

        if (!TryReadDescriptor(selector, Vector.GeneralProtection, out descriptor))
        {
            return false;
        }

        if (!descriptor.IsSystem)
        {
            return Fail(Vector.GeneralProtection, selector);
        }

        // In long mode system descriptors are 16 bytes: the upper half of the base follows.
        if ((_state->Efer & Efer.LongModeActive) == 0)
        {
            return true;
        }

        return _memory.LoadSystem(_state->GdtBase + (selector & 0xFFF8u) + 8, out high)
            && (Interpreter.Branches.IsCanonical((high << 32) | descriptor.Base) || Fail(Vector.GeneralProtection, selector));
    }

    private bool SetSystem(int name, Descriptor descriptor, ulong high, ushort selector)
    {
        SegmentRegister register = descriptor.ToRegister(selector);
        register.Base |= high << 32;
        _state->Segments[name] = register;
        return true;
    }

    private bool TryMarkAccessed(ushort selector, ref Descriptor descriptor)
    {
        if ((descriptor.Attributes & Descriptor.AccessedBit) != 0)
        {
            return true;
        }

        descriptor = new Descriptor(descriptor.Raw | (1UL << 40));
        ulong table = (selector & 4) != 0 ? _state->Segments[SegmentName.Ldtr].Base : _state->GdtBase;
        return _memory.StoreSystem(table + (selector & 0xFFF8u), descriptor.Raw);
    }

    private bool Load(int name, SegmentRegister register)
    {
        _state->Segments[name] = register;
        Refresh();
        return true;
    }

    private bool Fail(byte vector, ushort selector)
    {
        _state->Fault = new Fault { Vector = vector, HasErrorCode = true, ErrorCode = (uint)(selector & ~3) };
        _state->Exit = ExitReason.Fault;
        return false;
    }
}
