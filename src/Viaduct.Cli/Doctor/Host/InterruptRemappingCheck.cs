namespace Viaduct.Cli.Doctor.Host;

/// <summary>
/// Whether the IOMMU also checks which interrupts a device raises. Without that a guest with a device could raise any of
/// the host's, and VFIO gives none away unless it is told to.
/// </summary>
internal static class InterruptRemappingCheck
{
    private const string Name = "interrupt remapping";
    private const string Allowed = "sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts";

    internal static HostFinding Look(HostFiles files)
    {
        // The kernel names interrupts that are remapped so: IR-PCI-MSI, IR-IO-APIC.
        if (files.Text("proc/interrupts")?.Contains(" IR-", StringComparison.Ordinal) == true)
        {
            return new HostFinding(Name, true, "on", "");
        }

        if (files.Names("sys/kernel/iommu_groups").Count == 0)
        {
            return new HostFinding(Name, false, "there is no IOMMU to do it", "");
        }

        string? off = files.CommandLine.FirstOrDefault(word => word is "intremap=off" or "nointremap" or "noapic");
        string remedy = off is not null ? $"take {off} off the kernel's command line"
            : files.IsGuest ? "have the hypervisor offer it, in QEMU by: -machine kernel-irqchip=split -device intel-iommu,intremap=on"
            : "switch on x2APIC and interrupt remapping in the firmware's set-up";
        return files.Text(Allowed) == "Y"
            ? new HostFinding(Name, false, "off; VFIO gives devices to guests all the same (allow_unsafe_interrupts), which may then raise any interrupt of the host's", remedy)
            : new HostFinding(Name, false, off is null ? "off" : $"switched off on the kernel's command line, by {off}", remedy);
    }
}
