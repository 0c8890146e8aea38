namespace Viaduct.Suites;

/// <summary>
/// The programs of kvm-unit-tests that pass here: those that pass under QEMU's TCG, and some more. What else there is, and
/// what became of it, stands in docs/conformance.md.
/// </summary>
internal static class UnitPrograms
{
    internal static IReadOnlyList<UnitProgram> All { get; } =
    [
        new("realmode", "realmode", Checks: 127),
        new("setjmp", "setjmp", Checks: 10),
        new("umip", "umip", Checks: 21),
        new("smap", "smap", Checks: 18),
        new("pku", "pku", Checks: 7),
        new("pks", "pks", Checks: 7),
        new("lam", "lam", Checks: 15),
        new("eventinj", "eventinj", Checks: 13),
        new("syscall", "syscall", Checks: 2),
        new("memory", "memory", Checks: 6),
        new("tsc", "tsc", Checks: 6),
        new("tsc_adjust", "tsc_adjust", Checks: 6),
        new("xsave", "xsave", Checks: 4),
        new("rmap_chain", "rmap_chain"),
        new("sieve", "sieve"),
        new("hpet_read", "hpet_read_test", Checks: 1),
        new("ioapic", "ioapic", Cpus: 4, Checks: 30),
        new("smptest", "smptest", Cpus: 2, Checks: 1),
        new("smptest3", "smptest", Cpus: 3, Checks: 1),
        new("x2apic", "apic", Cpus: 2, Checks: 31) { StopsAt = "Unhandled exception 6 #UD" },
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
        new("emulator", "emulator", Checks: 149),
        new("debug", "debug", Checks: 25),
        new("msr", "msr", Checks: 1808),
        new("rdpru", "rdpru", Checks: 1),
        new("pcid-disabled", "pcid", Checks: 2),
        new("idt_test", "idt_test", Checks: 4),
        new("la57", "la57", Checks: 49),
    ];
}
