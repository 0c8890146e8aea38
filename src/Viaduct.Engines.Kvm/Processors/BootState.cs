using Viaduct.Engines.Kvm.Interop;
using Viaduct.Platform.Engines;

namespace Viaduct.Engines.Kvm.Processors;

/// <summary>Puts a processor into the state that a boot protocol asks for, and what firmware leaves in MSRs.</summary>
internal static class BootState
{
    private const ulong ProtectedMode = 0x31;
    private const ulong PagingWriteProtect = 0x8001_0000;
    private const ulong PhysicalAddressExtension = 1 << 5;
    private const ulong LongModeActive = (1 << 8) | (1 << 10);
    private const byte BusyTask = 11;
    private const byte CodeType = 11;
    private const byte DataType = 3;

    /// <summary>Sets registers for the first instruction.</summary>
    public static void Apply(KvmCpu cpu, CpuBootState boot)
    {
        bool is64 = boot.Mode == CpuMode.Long64;
        KvmSystemRegisters system = cpu.SystemRegisters;
        system.Cs = Flat(boot.CodeSelector, CodeType, is64);
        system.Ds = system.Es = system.Fs = system.Gs = system.Ss = Flat(boot.DataSelector, DataType, is64: false);
        system.Tr = new KvmSegment { Limit = 0x67, Type = BusyTask, Present = 1 };
        system.Ldt = new KvmSegment { Unusable = 1 };
        system.Gdt = new KvmTable { Base = boot.GdtBase, Limit = boot.GdtLimit };
        system.Idt = default;
        system.Cr0 = ProtectedMode | (is64 ? PagingWriteProtect : 0);
        system.Cr2 = 0;
        system.Cr3 = boot.PageTable;
        system.Cr4 = is64 ? PhysicalAddressExtension : 0;
        system.Efer = is64 ? LongModeActive : 0;
        cpu.SystemRegisters = system;
        cpu.Registers = new KvmRegisters
        {
            Rip = boot.Rip,
            Rflags = 2,
            Rax = boot.Rax,
            Rbx = boot.Rbx,
            Rsi = boot.Rsi,
            Rsp = boot.Rsp,
        };
    }

    /// <summary>Sets what firmware sets on every processor before it starts a kernel: all memory that no MTRR names is write-back, string instructions are fast.</summary>
    public static void SetFirmwareRegisters(KvmCpu cpu)
    {
        const uint MiscEnable = 0x1A0;
        const ulong FastStrings = 1;
        const uint MtrrDefaultType = 0x2FF;
        const ulong EnabledWriteBack = (1 << 11) | 6;
        _ = cpu.SetMsrs([new KvmMsrEntry { Index = MtrrDefaultType, Value = EnabledWriteBack }]);
        KvmMsrEntry[] misc = [new KvmMsrEntry { Index = MiscEnable }];
        if (cpu.GetMsrs(misc) == 1)
        {
            misc[0].Value |= FastStrings;
            _ = cpu.SetMsrs(misc);
        }
    }

    private static KvmSegment Flat(ushort selector, byte type, bool is64) => new()
    {
        Limit = uint.MaxValue,
        Selector = selector,
        Type = type,
        Present = 1,
        S = 1,
        L = is64 ? (byte)1 : (byte)0,
        Db = is64 ? (byte)0 : (byte)1,
        G = 1,
    };
}
