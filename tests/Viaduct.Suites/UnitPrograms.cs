namespace Viaduct.Suites;

/// <summary>
/// The programs of kvm-unit-tests that pass under QEMU's TCG. What else there is, and what became of it, stands in
/// docs/conformance.md.
/// </summary>
internal static class UnitPrograms
{
    internal static IReadOnlyList<UnitProgram> All { get; } =
    [
        new("realmode", "realmode"),
        new("setjmp", "setjmp"),
        new("umip", "umip"),
        new("smap", "smap"),
        new("eventinj", "eventinj"),
        new("memory", "memory"),
        new("tsc", "tsc"),
        new("tsc_adjust", "tsc_adjust"),
        new("syscall", "syscall"),
        new("xsave", "xsave"),
        new("pku", "pku"),
        new("pks", "pks"),
        new("lam", "lam"),
        new("rmap_chain", "rmap_chain"),
        new("sieve", "sieve"),
        new("s3", "s3"),
        new("hpet_read", "hpet_read_test"),
        new("ioapic", "ioapic", Cpus: 4),
        new("smptest", "smptest", Cpus: 2),
        new("smptest3", "smptest", Cpus: 3),
        new("apic", "apic", Cpus: 2),
        new("vmexit_cpuid", "vmexit", "cpuid"),
        new("vmexit_mov_from_cr8", "vmexit", "mov_from_cr8"),
        new("vmexit_mov_to_cr8", "vmexit", "mov_to_cr8"),
        new("vmexit_inl_pmtimer", "vmexit", "inl_from_pmtimer"),
        new("vmexit_ipi", "vmexit", "ipi", Cpus: 2),
        new("vmexit_ipi_halt", "vmexit", "ipi_halt", Cpus: 2),
        new("vmexit_ple_round_robin", "vmexit", "ple_round_robin"),
        new("vmexit_tscdeadline", "vmexit", "tscdeadline"),
        new("vmexit_tscdeadline_immed", "vmexit", "tscdeadline_immed"),
        new("vmexit_cr0_wp", "vmexit", "toggle_cr0_wp", Cpus: 2),
        new("vmexit_cr4_pge", "vmexit", "toggle_cr4_pge", Cpus: 2),
        new("cmpxchg8b", "cmpxchg8b"),
        new("taskswitch", "taskswitch"),
        new("taskswitch2", "taskswitch2"),
        new("access", "access_test"),
        new("emulator", "emulator"),
        new("debug", "debug"),
        new("msr", "msr"),
        new("pcid", "pcid"),
        new("idt_test", "idt_test"),
        new("hypercall", "hypercall"),
        new("la57", "la57"),
        new("rdpru", "rdpru"),
        new("cet", "cet"),
    ];
}
