using Viaduct.Engines.Software.InterruptControllers;
using Viaduct.Engines.Software.Mmu;
using Viaduct.Engines.Software.Segmentation;
using Viaduct.Engines.Software.State;
using Viaduct.Platform.State;

namespace Viaduct.Engines.Software.SystemRegisters;

/// <summary>Writes to control and debug registers, with their checks and what follows from them (Intel SDM vol. 3A 2.5, 17.2).</summary>
internal sealed unsafe class ControlRegisters
{
    private const ulong DebugStatusFixed = 0xFFFF0FF0;
    private const ulong DetectsAccess = 1 << 13;

    private readonly CpuState* _state;
    private readonly MemoryUnit _memory;
    private readonly SegmentUnit _segments;
    private readonly LocalApic _apic;
    private readonly Breakpoints _breakpoints;
    private readonly ulong _supportedCr4;

    internal ControlRegisters(CpuState* state, MemoryUnit memory, SegmentUnit segments, LocalApic apic, Breakpoints breakpoints, ProcessorFeatures features)
    {
        _state = state;
        _memory = memory;
        _segments = segments;
        _apic = apic;
        _breakpoints = breakpoints;
        _supportedCr4 = Cr4.SupportedWith(features);
    }

    /// <summary>DR6.</summary>
    internal ulong DebugStatus { get; set; } = DebugStatusFixed;

    /// <summary>Debug registers as they are after reset.</summary>
    internal void Reset()
    {
        _breakpoints.Reset();
        DebugStatus = DebugStatusFixed;
    }

    internal void Save(StateWriter writer)
    {
        for (int i = 0; i < Breakpoints.Count; i++)
        {
            writer.UInt64(_breakpoints.Address(i));
        }

        writer.UInt64(DebugStatus);
        writer.UInt64(_breakpoints.Control);
    }

    internal void Restore(StateReader reader)
    {
        for (int i = 0; i < Breakpoints.Count; i++)
        {
            WriteDebug(i, reader.UInt64());
        }

        WriteDebug(6, reader.UInt64());
        WriteDebug(7, reader.UInt64());
    }

    /// <summary>MOV to a control register. False for #GP.</summary>
    internal bool TryWrite(int number, ulong value)
    {
        switch (number)
        {
            case 0:
                return TryWriteCr0(value);
            case 2:
                _state->Cr2 = value;
                return true;
            case 3:
                if ((_state->Efer & Efer.LongModeActive) != 0 && (value & PageTableBits.AboveAddress) != 0)
                {
                    return false;
                }

                _state->Cr3 = value;
                _memory.FlushLocal();
                return true;
            case 4:
                return TryWriteCr4(value);
            default:
                if ((value & ~0xFUL) != 0)
                {
                    return false;
                }

                _apic.Cr8 = (uint)value;
                return true;
        }
    }

    /// <summary>The exception that an access to a debug register raises: #UD for DR4 and DR5 where they aren't DR6 and DR7, #DB where DR7 says so. −1 for none.</summary>
    internal int CheckDebugAccess(int number)
    {
        if (number is 4 or 5 && (_state->Cr4 & Cr4.DebuggingExtensions) != 0)
        {
            return Vector.InvalidOpcode;
        }

        if ((_breakpoints.Control & DetectsAccess) == 0)
        {
            return -1;
        }

        _breakpoints.SetControl(_breakpoints.Control & ~DetectsAccess);
        DebugStatus |= DetectsAccess;
        return Vector.Debug;
    }

    /// <summary>DR0 to DR7; 4 and 5 are 6 and 7.</summary>
    internal ulong ReadDebug(int number) => number switch
    {
        < 4 => _breakpoints.Address(number),
        4 or 6 => DebugStatus,
        _ => _breakpoints.Control,
    };

    /// <summary>Writes one.</summary>
    internal void WriteDebug(int number, ulong value)
    {
        switch (number)
        {
            case < 4:
                _breakpoints.SetAddress(number, value);
                break;
            case 4 or 6:
                DebugStatus = (value & 0xE00F) | DebugStatusFixed;
                break;
            default:
                _breakpoints.SetControl(value);
                break;
        }

        // RF was for an instruction that is done.
        _state->FlagsOther &= ~Rflags.Resume;
        _memory.FlushAll();
    }

    private bool TryWriteCr0(ulong value)
    {
        value |= Cr0.ExtensionType;
        bool paging = (value & Cr0.Paging) != 0;
        if (value >> 32 != 0
            || (paging && (value & Cr0.ProtectionEnable) == 0)
            || ((value & Cr0.NotWriteThrough) != 0 && (value & Cr0.CacheDisable) == 0))
        {
            return false;
        }

        if (paging && (_state->Cr0 & Cr0.Paging) == 0 && (_state->Efer & Efer.LongModeEnable) != 0)
        {
            bool codeIsLong = (_state->Segments[SegmentName.Cs].Attributes & Descriptor.Long) != 0;
            if ((_state->Cr4 & Cr4.PhysicalAddressExtension) == 0 || codeIsLong)
            {
                return false;
            }

            _state->Efer |= Efer.LongModeActive;
        }
        else if (!paging && (_state->Cr0 & Cr0.Paging) != 0)
        {
            if (_state->Long64)
            {
                return false;
            }

            _state->Efer &= ~Efer.LongModeActive;
        }

        _state->Cr0 = value & Cr0.Known;
        _memory.FlushAll();
        _segments.Refresh();
        return true;
    }

    private bool TryWriteCr4(ulong value)
    {
        bool longActive = (_state->Efer & Efer.LongModeActive) != 0;
        if ((value & ~_supportedCr4) != 0 || (longActive && (value & Cr4.PhysicalAddressExtension) == 0))
        {
            return false;
        }

        _state->Cr4 = value;
        _memory.FlushAll();
        return true;
    }
}
