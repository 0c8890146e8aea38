using Viaduct.Engines.Software.Segmentation;
using Viaduct.Engines.Software.State;
using Viaduct.Engines.Software.SystemRegisters;

namespace Viaduct.Engines.Software;

/// <summary>Puts a processor into the state after power-on or an INIT (Intel SDM vol. 3A, table 9-1).</summary>
internal static unsafe class InitState
{
    private const uint MxcsrDefault = 0x1F80;
    private const ushort Data = Descriptor.Present | Descriptor.NonSystem | Descriptor.ReadWrite | Descriptor.AccessedBit;
    private const ushort Code = Data | Descriptor.Executable;

    /// <summary>After power-on: everything.</summary>
    internal static void PowerOn(SoftwareCpu cpu)
    {
        CpuState* s = cpu.State;
        cpu.Apic.Reset();
        cpu.Msrs.Reset();
        s->Mxcsr = MxcsrDefault;
        s->Xmm = default;
        s->X87.Reset();
        s->Cr0 = Cr0.ExtensionType | Cr0.CacheDisable | Cr0.NotWriteThrough;
        Apply(cpu);
    }

    /// <summary>After INIT: the FPU, SSE registers, MSRs but EFER, and the caching bits of CR0 stay.</summary>
    internal static void Init(SoftwareCpu cpu)
    {
        cpu.Apic.ResetRegisters();
        Apply(cpu);
    }

    private static void Apply(SoftwareCpu cpu)
    {
        CpuState* s = cpu.State;
        for (int i = 0; i < 16; i++)
        {
            s->Registers[i] = 0;
        }

        s->Registers[2] = CpuIdentification.Signature;
        s->FlagsOther = 0;
        Flags.Write(s, 0);
        s->Cr0 = (s->Cr0 & (Cr0.CacheDisable | Cr0.NotWriteThrough)) | Cr0.ExtensionType;
        s->Cr2 = s->Cr3 = s->Cr4 = s->Efer = 0;
        (s->GdtBase, s->GdtLimit, s->IdtBase, s->IdtLimit) = (0, 0xFFFF, 0, 0xFFFF);
        foreach (int name in (ReadOnlySpan<int>)[SegmentName.Es, SegmentName.Ss, SegmentName.Ds, SegmentName.Fs, SegmentName.Gs])
        {
            s->Segments[name] = new SegmentRegister { Limit = 0xFFFF, Attributes = Data };
        }

        s->Segments[SegmentName.Cs] = new SegmentRegister { Base = 0xFFFF_0000, Limit = 0xFFFF, Attributes = Code, Selector = 0xF000 };
        s->Segments[SegmentName.Ldtr] = new SegmentRegister { Limit = 0xFFFF, Attributes = Descriptor.Present | Descriptor.TypeLdt };
        s->Segments[SegmentName.Tr] = new SegmentRegister { Limit = 0xFFFF, Attributes = Descriptor.Present | Descriptor.TypeTssBusy };
        s->Cpl = 0;
        s->Rip = 0xFFF0;
        s->InterruptShadow = false;
        s->TrapsAtEnd = s->TrapShadow = false;
        s->UserKeyRights = s->SupervisorKeyRights = 0;
        cpu.Exceptions.NmiBlocked = false;
        cpu.Control.Reset();
        cpu.Memory.FlushAll();
        cpu.Segments.Refresh();
    }
}
