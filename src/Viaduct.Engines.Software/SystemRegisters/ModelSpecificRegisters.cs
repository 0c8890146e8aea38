using Viaduct.Engines.Software.Interpreter;
using Viaduct.Engines.Software.InterruptControllers;
using Viaduct.Engines.Software.Mmu;
using Viaduct.Engines.Software.Segmentation;
using Viaduct.Engines.Software.State;
using Viaduct.Platform.State;

namespace Viaduct.Engines.Software.SystemRegisters;

/// <summary>RDMSR and WRMSR (Intel SDM vol. 4).</summary>
internal sealed unsafe class ModelSpecificRegisters
{
    // RDCL_NO, IBRS_ALL, SKIP_L1DFL_VMENTRY, SSB_NO, MDS_NO, PSCHANGE_MC_NO, TAA_NO, SBDR_SSDP_NO, FBSDP_NO, PSDP_NO,
    // BHI_NO, PBRSB_NO, GDS_NO, RFDS_NO, ITS_NO: nothing here speculates.
    private const ulong ArchitecturalCapabilities = (1UL << 0) | (1 << 1) | (1 << 3) | (1 << 4) | (1 << 5) | (1 << 6) | (1 << 8)
        | (1 << 13) | (1 << 14) | (1 << 15) | (1 << 20) | (1 << 24) | (1 << 26) | (1 << 27) | (1UL << 62);

    // IBRS, STIBP, SSBD, BHI_DIS_S.
    private const ulong SpeculationBits = 0x407;

    private const int VariableRanges = 8;
    private const ulong TypeWriteBack = 6;

    private readonly CpuState* _state;
    private readonly LocalApic _apic;
    private readonly IEngineClock _clock;
    private readonly MemoryUnit _memory;
    private readonly SegmentUnit _segments;
    private readonly ProcessorFeatures _features;
    private readonly Dictionary<uint, ulong> _plain = [];
    private ulong _tscAdjust;

    internal ModelSpecificRegisters(CpuState* state, LocalApic apic, IEngineClock clock, MemoryUnit memory, SegmentUnit segments, ProcessorFeatures features)
    {
        _state = state;
        _apic = apic;
        _clock = clock;
        _memory = memory;
        _segments = segments;
        _features = features;
        Reset();
    }

    internal ulong Star { get; set; }

    internal ulong LongStar { get; set; }

    internal ulong CompatibilityStar { get; set; }

    internal ulong FlagMask { get; set; }

    internal ulong KernelGsBase { get; set; }

    internal ulong SysenterCs { get; set; }

    internal ulong SysenterRsp { get; set; }

    internal ulong SysenterRip { get; set; }

    internal uint TscAux { get; set; }

    /// <summary>The guest's time-stamp counter now.</summary>
    internal ulong TimeStamp => (ulong)(_clock.Nanoseconds + _apic.TscOffset);

    /// <summary>Values as firmware would leave them.</summary>
    internal void Reset()
    {
        _plain.Clear();
        foreach (uint register in (ReadOnlySpan<uint>)[Msr.SpeculationControl, Msr.MiscEnable, Msr.McgStatus, Msr.EnergyBias,
            Msr.BiosSignature, Msr.DebugControl, Msr.PlatformId])
        {
            _plain[register] = 0;
        }

        // Fast strings enabled, no performance monitoring, no PEBS, no BTS.
        _plain[Msr.MiscEnable] = 1 | (1 << 11) | (1 << 12);
        _plain[Msr.Pat] = 0x0007_0406_0007_0406;

        // All memory write-back but the hole for devices below 4 GiB.
        _plain[Msr.MtrrDefaultType] = (1 << 11) | (1 << 10) | TypeWriteBack;
        for (uint i = 0; i < VariableRanges * 2; i++)
        {
            _plain[Msr.MtrrVariableBase + i] = 0;
        }

        _plain[Msr.MtrrVariableBase] = 0xC000_0000;
        _plain[Msr.MtrrVariableBase + 1] = (((1UL << PageTableBits.PhysicalAddressBits) - 1) & ~0x3FFF_FFFFUL) | (1 << 11);
        foreach (uint register in Msr.MtrrFixed)
        {
            _plain[register] = 0x0606_0606_0606_0606;
        }
    }

    /// <summary>RDMSR. False for #GP.</summary>
    internal bool TryRead(uint register, out ulong value)
    {
        if (register is >= Msr.X2ApicFirst and <= Msr.X2ApicLast)
        {
            return _apic.TryReadRegister(register - Msr.X2ApicFirst, out value);
        }

        switch (register)
        {
            case Msr.TimeStampCounter:
                value = TimeStamp;
                return true;
            case Msr.TscAdjust:
                value = _tscAdjust;
                return true;
            case Msr.ApicBase:
                value = _apic.BaseRegister;
                return true;
            case Msr.TscDeadline:
                value = _apic.TscDeadline;
                return true;
            case Msr.MtrrCapabilities:
                value = VariableRanges | (1 << 8) | (1 << 10);
                return true;
            case Msr.McgCapabilities:
                value = 0;
                return true;
            case Msr.ArchitecturalCapabilities:
                value = ArchitecturalCapabilities;
                return true;
            case Msr.FeatureControl:
                value = 1;
                return true;
            case Msr.SysenterCs:
                value = SysenterCs;
                return true;
            case Msr.SysenterRsp:
                value = SysenterRsp;
                return true;
            case Msr.SysenterRip:
                value = SysenterRip;
                return true;
            case Msr.Efer:
                value = _state->Efer;
                return true;
            case Msr.Star:
                value = Star;
                return true;
            case Msr.LongStar:
                value = LongStar;
                return true;
            case Msr.CompatibilityStar:
                value = CompatibilityStar;
                return true;
            case Msr.FlagMask:
                value = FlagMask;
                return true;
            case Msr.FsBase:
                value = _state->Segments[SegmentName.Fs].Base;
                return true;
            case Msr.GsBase:
                value = _state->Segments[SegmentName.Gs].Base;
                return true;
            case Msr.KernelGsBase:
                value = KernelGsBase;
                return true;
            case Msr.TscAux:
                value = TscAux;
                return true;
            case Msr.SupervisorKeyRights when _features.HasFlag(ProcessorFeatures.SupervisorKeys):
                value = _state->SupervisorKeyRights;
                return true;
            default:
                return _plain.TryGetValue(register, out value);
        }
    }

    /// <summary>WRMSR. False for #GP.</summary>
    internal bool TryWrite(uint register, ulong value)
    {
        if (register is >= Msr.X2ApicFirst and <= Msr.X2ApicLast)
        {
            return _apic.TryWriteRegister(register - Msr.X2ApicFirst, value);
        }

        switch (register)
        {
            case Msr.TimeStampCounter:
                SetTimeStamp(value);
                return true;
            case Msr.TscAdjust:
                ulong change = value - _tscAdjust;
                _apic.TscOffset += (long)change;
                _tscAdjust = value;
                return true;
            case Msr.ApicBase:
                bool written = _apic.TryWriteBase(value);
                _memory.FlushAll();
                return written;
            case Msr.TscDeadline:
                _apic.TscDeadline = value;
                return true;
            case Msr.SysenterCs:
                SysenterCs = (ushort)value;
                return true;
            case Msr.SysenterRsp:
                SysenterRsp = value;
                return Branches.IsCanonical(value);
            case Msr.SysenterRip:
                SysenterRip = value;
                return Branches.IsCanonical(value);
            case Msr.Efer:
                return TryWriteEfer(value);
            case Msr.Star:
                Star = value;
                return true;
            case Msr.LongStar when Branches.IsCanonical(value):
                LongStar = value;
                return true;
            case Msr.CompatibilityStar when Branches.IsCanonical(value):
                CompatibilityStar = value;
                return true;
            case Msr.FlagMask:
                FlagMask = (uint)value;
                return value >> 32 == 0;
            case Msr.FsBase when Branches.IsCanonical(value):
                SetBase(SegmentName.Fs, value);
                return true;
            case Msr.GsBase when Branches.IsCanonical(value):
                SetBase(SegmentName.Gs, value);
                return true;
            case Msr.KernelGsBase when Branches.IsCanonical(value):
                KernelGsBase = value;
                return true;
            case Msr.TscAux:
                TscAux = (uint)value;
                return value >> 32 == 0;
            case Msr.SupervisorKeyRights when _features.HasFlag(ProcessorFeatures.SupervisorKeys) && value >> 32 == 0:
                _state->SupervisorKeyRights = (uint)value;
                _memory.FlushAll();
                return true;
            case Msr.Pat:
                return TryWritePat(value);
            case Msr.SpeculationControl:
                _plain[register] = value;
                return (value & ~SpeculationBits) == 0;
            case Msr.PredictionCommand:
                return (value & ~1UL) == 0;
            case Msr.FeatureControl or Msr.PlatformId:
                return false;
            default:
                if (!_plain.ContainsKey(register))
                {
                    return false;
                }

                _plain[register] = value;
                return true;
        }
    }

    /// <summary>Writes the MSRs that are kept here.</summary>
    internal void Save(StateWriter writer)
    {
        foreach (ulong value in (ReadOnlySpan<ulong>)[Star, LongStar, CompatibilityStar, FlagMask, KernelGsBase, SysenterCs, SysenterRsp, SysenterRip, TscAux, _tscAdjust])
        {
            writer.UInt64(value);
        }

        writer.Int32(_plain.Count);
        foreach ((uint register, ulong value) in _plain)
        {
            writer.UInt32(register);
            writer.UInt64(value);
        }
    }

    /// <summary>Takes MSRs that were saved.</summary>
    internal void Restore(StateReader reader)
    {
        Star = reader.UInt64();
        LongStar = Canonical(reader);
        CompatibilityStar = Canonical(reader);
        FlagMask = reader.UInt64() & uint.MaxValue;
        KernelGsBase = Canonical(reader);
        SysenterCs = (ushort)reader.UInt64();
        SysenterRsp = Canonical(reader);
        SysenterRip = Canonical(reader);
        TscAux = (uint)reader.UInt64();
        _tscAdjust = reader.UInt64();
        for (int left = reader.Int32(0, _plain.Count); left > 0; left--)
        {
            uint register = reader.UInt32();
            _plain[_plain.ContainsKey(register) ? register : throw new StateException($"MSR {register:X} isn't one of this processor")] = reader.UInt64();
        }
    }

    private static ulong Canonical(StateReader reader)
    {
        ulong value = reader.UInt64();
        return Branches.IsCanonical(value) ? value : throw new StateException($"{value:X} is no canonical address");
    }

    internal void SetBase(int segment, ulong value)
    {
        _state->Segments[segment].Base = value;
        _state->SegmentBases[segment] = value;
    }

    private void SetTimeStamp(ulong value)
    {
        long change = (long)(value - TimeStamp);
        _apic.TscOffset += change;
        _tscAdjust += (ulong)change;
    }

    private bool TryWritePat(ulong value)
    {
        for (int i = 0; i < 8; i++)
        {
            if (((value >> (i * 8)) & 0xFF) is not (0 or 1 or 4 or 5 or 6 or 7))
            {
                return false;
            }
        }

        _plain[Msr.Pat] = value;
        return true;
    }

    private bool TryWriteEfer(ulong value)
    {
        bool paging = (_state->Cr0 & Cr0.Paging) != 0;
        if ((value & ~Efer.Supported) != 0 || (paging && ((value ^ _state->Efer) & Efer.LongModeEnable) != 0))
        {
            return false;
        }

        _state->Efer = (value & ~Efer.LongModeActive) | (_state->Efer & Efer.LongModeActive);
        _memory.FlushAll();
        _segments.Refresh();
        return true;
    }
}
