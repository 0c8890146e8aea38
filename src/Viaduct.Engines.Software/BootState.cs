using Viaduct.Engines.Software.Segmentation;
using Viaduct.Engines.Software.State;
using Viaduct.Engines.Software.SystemRegisters;
using Viaduct.Platform.Engines;

namespace Viaduct.Engines.Software;

/// <summary>Puts a processor into the state that a boot protocol asks for.</summary>
internal static unsafe class BootState
{
    private const uint MxcsrDefault = 0x1F80;

    /// <summary>
    /// Puts a processor where a start-up message sends it after INIT (Intel SDM vol. 3A 9.1.1, 8.4.4): real-address mode,
    /// at the beginning of a page below 1 MiB. The rest is as INIT left it.
    /// </summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="page">The page's number, as the message has it.</param>
    internal static void StartUp(SoftwareCpu cpu, byte page)
    {
        cpu.State->Rip = 0;
        cpu.Segments.LoadReal(SegmentName.Cs, (ushort)(page << 8));
    }

    internal static void Apply(SoftwareCpu cpu, CpuBootState boot)
    {
        CpuState* s = cpu.State;
        cpu.Apic.Reset();
        cpu.Control.Reset();
        cpu.Msrs.Reset();
        for (int i = 0; i < 16; i++)
        {
            s->Registers[i] = 0;
        }

        s->Registers[0] = boot.Rax;
        s->Registers[3] = boot.Rbx;
        s->Registers[4] = boot.Rsp;
        s->Registers[6] = boot.Rsi;
        s->FlagsOther = 0;
        Flags.Write(s, 0);
        s->Cr0 = Cr0.ProtectionEnable | Cr0.ExtensionType | Cr0.NumericError;
        s->Cr2 = 0;
        s->Cr3 = boot.PageTable;
        s->Cr4 = 0;
        s->Efer = 0;
        s->GdtBase = boot.GdtBase;
        s->GdtLimit = boot.GdtLimit;
        s->IdtBase = 0;
        s->IdtLimit = 0;
        s->Mxcsr = MxcsrDefault;
        s->Xmm = default;
        s->X87.Reset();
        bool is64 = boot.Mode == CpuMode.Long64;
        if (is64)
        {
            s->Cr0 |= Cr0.Paging | Cr0.WriteProtect;
            s->Cr4 = Cr4.PhysicalAddressExtension;
            s->Efer = Efer.LongModeEnable | Efer.LongModeActive;
        }

        cpu.Segments.LoadFlatCode(boot.CodeSelector, 0, is64);
        foreach (int name in (ReadOnlySpan<int>)[SegmentName.Es, SegmentName.Ss, SegmentName.Ds, SegmentName.Fs, SegmentName.Gs])
        {
            cpu.Segments.LoadFlatData(name, boot.DataSelector, 0);
        }

        s->Segments[SegmentName.Ldtr] = default;
        s->Segments[SegmentName.Tr] = new SegmentRegister { Limit = 0x67, Attributes = Descriptor.Present | Descriptor.TypeTssBusy };
        s->Rip = boot.Rip;
        s->InterruptShadow = false;
        cpu.Memory.FlushAll();
        cpu.Segments.Refresh();
    }
}
