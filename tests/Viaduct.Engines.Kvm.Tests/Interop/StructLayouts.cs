using System.Runtime.CompilerServices;
using Viaduct.Engines.Kvm.Interop;

namespace Viaduct.Engines.Kvm.Tests.Interop;

/// <summary>Our structures beside those of linux/kvm.h: what each field is called there, and where ours has it.</summary>
internal static unsafe class StructLayouts
{
    private delegate (string Field, nint Address)[] Fields<T>(T* value)
        where T : unmanaged;

    /// <summary>C expressions for sizes and offsets, and our own figures.</summary>
    public static List<(string Expression, ulong Ours)> All()
    {
        List<(string, ulong)> all = [];
        Add<KvmRegisters>(all, "kvm_regs", true, x =>
        [
            ("rax", (nint)(&x->Rax)), ("rbx", (nint)(&x->Rbx)), ("rcx", (nint)(&x->Rcx)), ("rdx", (nint)(&x->Rdx)), ("rsi", (nint)(&x->Rsi)), ("rdi", (nint)(&x->Rdi)),
            ("rsp", (nint)(&x->Rsp)), ("rbp", (nint)(&x->Rbp)), ("r8", (nint)(&x->R8)), ("r15", (nint)(&x->R15)), ("rip", (nint)(&x->Rip)), ("rflags", (nint)(&x->Rflags)),
        ]);
        Add<KvmSegment>(all, "kvm_segment", true, x =>
        [
            ("base", (nint)(&x->Base)), ("limit", (nint)(&x->Limit)), ("selector", (nint)(&x->Selector)), ("type", (nint)(&x->Type)), ("present", (nint)(&x->Present)),
            ("dpl", (nint)(&x->Dpl)), ("db", (nint)(&x->Db)), ("s", (nint)(&x->S)), ("l", (nint)(&x->L)), ("g", (nint)(&x->G)), ("avl", (nint)(&x->Avl)), ("unusable", (nint)(&x->Unusable)),
        ]);
        Add<KvmTable>(all, "kvm_dtable", true, x => [("base", (nint)(&x->Base)), ("limit", (nint)(&x->Limit))]);
        Add<KvmSystemRegisters>(all, "kvm_sregs", true, x =>
        [
            ("cs", (nint)(&x->Cs)), ("ds", (nint)(&x->Ds)), ("es", (nint)(&x->Es)), ("fs", (nint)(&x->Fs)), ("gs", (nint)(&x->Gs)), ("ss", (nint)(&x->Ss)), ("tr", (nint)(&x->Tr)),
            ("ldt", (nint)(&x->Ldt)), ("gdt", (nint)(&x->Gdt)), ("idt", (nint)(&x->Idt)), ("cr0", (nint)(&x->Cr0)), ("cr2", (nint)(&x->Cr2)), ("cr3", (nint)(&x->Cr3)), ("cr4", (nint)(&x->Cr4)),
            ("cr8", (nint)(&x->Cr8)), ("efer", (nint)(&x->Efer)), ("apic_base", (nint)(&x->ApicBase)), ("interrupt_bitmap", (nint)(&x->Interrupts)),
        ]);
        Add<KvmFpu>(all, "kvm_fpu", true, x =>
        [
            ("fpr", (nint)(&x->St)), ("fcw", (nint)(&x->Fcw)), ("fsw", (nint)(&x->Fsw)), ("ftwx", (nint)(&x->Ftw)), ("last_opcode", (nint)(&x->LastOpcode)),
            ("last_ip", (nint)(&x->LastIp)), ("last_dp", (nint)(&x->LastDp)), ("xmm", (nint)(&x->Xmm)), ("mxcsr", (nint)(&x->Mxcsr)),
        ]);
        Add<KvmMemoryRegion>(all, "kvm_userspace_memory_region", true, x =>
        [
            ("slot", (nint)(&x->Slot)), ("flags", (nint)(&x->Flags)), ("guest_phys_addr", (nint)(&x->GuestAddress)), ("memory_size", (nint)(&x->Size)), ("userspace_addr", (nint)(&x->HostAddress)),
        ]);
        Add<KvmDirtyLog>(all, "kvm_dirty_log", true, x => [("slot", (nint)(&x->Slot)), ("dirty_bitmap", (nint)(&x->Bitmap))]);
        Add<KvmIrqLevel>(all, "kvm_irq_level", true, x => [("irq", (nint)(&x->Irq)), ("level", (nint)(&x->Level))]);
        Add<KvmMsi>(all, "kvm_msi", true, x =>
        [
            ("address_lo", (nint)(&x->AddressLow)), ("address_hi", (nint)(&x->AddressHigh)), ("data", (nint)(&x->Data)), ("flags", (nint)(&x->Flags)), ("devid", (nint)(&x->DeviceId)),
        ]);
        Add<KvmIoEventFd>(all, "kvm_ioeventfd", true, x =>
        [
            ("datamatch", (nint)(&x->DataMatch)), ("addr", (nint)(&x->Address)), ("len", (nint)(&x->Length)), ("fd", (nint)(&x->Descriptor)), ("flags", (nint)(&x->Flags)), ("pad", (nint)(&x->Padding)),
        ]);
        Add<KvmIrqFd>(all, "kvm_irqfd", true, x =>
        [
            ("fd", (nint)(&x->Descriptor)), ("gsi", (nint)(&x->Gsi)), ("flags", (nint)(&x->Flags)), ("resamplefd", (nint)(&x->ResampleDescriptor)), ("pad", (nint)(&x->Padding)),
        ]);
        Add<KvmRoutingHeader>(all, "kvm_irq_routing", true, x => [("nr", (nint)(&x->Count)), ("flags", (nint)(&x->Flags))]);
        Add<KvmRoutingEntry>(all, "kvm_irq_routing_entry", true, x =>
        [
            ("gsi", (nint)(&x->Gsi)), ("type", (nint)(&x->Type)), ("flags", (nint)(&x->Flags)), ("u.irqchip.irqchip", (nint)(&x->ChipNumber)), ("u.irqchip.pin", (nint)(&x->ChipPin)),
            ("u.msi.address_lo", (nint)(&x->AddressLow)), ("u.msi.address_hi", (nint)(&x->AddressHigh)), ("u.msi.data", (nint)(&x->Data)),
        ]);
        Add<KvmEnableCapability>(all, "kvm_enable_cap", true, x => [("cap", (nint)(&x->Capability)), ("flags", (nint)(&x->Flags)), ("args", (nint)(&x->Arguments))]);
        Add<KvmMsrsHeader>(all, "kvm_msrs", true, x => [("nmsrs", (nint)(&x->Count))]);
        Add<KvmMsrEntry>(all, "kvm_msr_entry", true, x => [("index", (nint)(&x->Index)), ("data", (nint)(&x->Value))]);
        Add<KvmCpuidHeader>(all, "kvm_cpuid2", true, x => [("nent", (nint)(&x->Count))]);
        Add<KvmCpuidEntry>(all, "kvm_cpuid_entry2", true, x =>
        [
            ("function", (nint)(&x->Function)), ("index", (nint)(&x->Index)), ("flags", (nint)(&x->Flags)), ("eax", (nint)(&x->Eax)), ("ebx", (nint)(&x->Ebx)), ("ecx", (nint)(&x->Ecx)), ("edx", (nint)(&x->Edx)),
        ]);
        Add<KvmMsrListHeader>(all, "kvm_msr_list", true, x => [("nmsrs", (nint)(&x->Count))]);
        Add<KvmLocalApic>(all, "kvm_lapic_state", true, x => [("regs", (nint)(&x->Registers))]);
        Add<KvmExtendedState>(all, "kvm_xsave", true, x => [("region", (nint)(&x->Bytes))]);
        Add<KvmExtendedControls>(all, "kvm_xcrs", true, x => [("nr_xcrs", (nint)(&x->Count)), ("flags", (nint)(&x->Flags)), ("xcrs", (nint)(&x->Controls))]);
        Add<KvmDebugRegisters>(all, "kvm_debugregs", true, x => [("db", (nint)(&x->Db)), ("dr6", (nint)(&x->Dr6)), ("dr7", (nint)(&x->Dr7)), ("flags", (nint)(&x->Flags))]);
        Add<KvmEvents>(all, "kvm_vcpu_events", true, x =>
        [
            ("exception", (nint)(&x->Exception)), ("exception.error_code", (nint)(&x->ExceptionErrorCode)), ("interrupt", (nint)(&x->Interrupt)), ("nmi", (nint)(&x->Nmi)),
            ("sipi_vector", (nint)(&x->StartUpVector)), ("flags", (nint)(&x->Flags)), ("smi", (nint)(&x->Others)),
        ]);
        Add<KvmRunState>(all, "kvm_mp_state", true, x => [("mp_state", (nint)(&x->State))]);
        Add<KvmInterruptChip>(all, "kvm_irqchip", true, x => [("chip_id", (nint)(&x->Chip)), ("chip", (nint)(&x->Registers))]);
        Add<KvmClock>(all, "kvm_clock_data", true, x =>
        [
            ("clock", (nint)(&x->Nanoseconds)), ("flags", (nint)(&x->Flags)), ("realtime", (nint)(&x->Realtime)), ("host_tsc", (nint)(&x->HostTsc)),
        ]);
        Add<KvmRunPage>(all, "kvm_run", false, x =>
        [
            ("immediate_exit", (nint)(&x->ImmediateExit)), ("exit_reason", (nint)(&x->ExitReason)), ("io.direction", (nint)(&x->IoDirection)), ("io.size", (nint)(&x->IoSize)),
            ("io.port", (nint)(&x->IoPort)), ("io.count", (nint)(&x->IoCount)), ("io.data_offset", (nint)(&x->IoDataOffset)), ("mmio.phys_addr", (nint)(&x->MmioAddress)),
            ("mmio.data", (nint)(&x->MmioData)), ("mmio.len", (nint)(&x->MmioLength)), ("mmio.is_write", (nint)(&x->MmioIsWrite)), ("internal.suberror", (nint)(&x->InternalSuberror)),
            ("internal.ndata", (nint)(&x->InternalDataCount)), ("emulation_failure.flags", (nint)(&x->EmulationFlags)), ("emulation_failure.insn_size", (nint)(&x->InstructionLength)),
            ("emulation_failure.insn_bytes", (nint)(&x->InstructionBytes)), ("fail_entry.hardware_entry_failure_reason", (nint)(&x->HardwareEntryFailureReason)),
            ("system_event.type", (nint)(&x->SystemEventType)), ("eoi.vector", (nint)(&x->EoiVector)),
        ]);
        all.Add(("sizeof(struct kvm_cpuid_entry2)", KvmCpuidHeader.EntrySize));
        return all;
    }

    // The size counts where a structure is passed whole, rather than looked into.
    private static void Add<T>(List<(string, ulong)> all, string name, bool whole, Fields<T> fields)
        where T : unmanaged
    {
        T value = default;
        if (whole)
        {
            all.Add(($"sizeof(struct {name})", (ulong)Unsafe.SizeOf<T>()));
        }

        foreach ((string field, nint address) in fields(&value))
        {
            all.Add(($"offsetof(struct {name}, {field})", (ulong)(address - (nint)(&value))));
        }
    }
}
