namespace Viaduct.Cli.Doctor.Host;

/// <summary>
/// Whether an IOMMU keeps devices to their guests' memory: VT-d, which firmware describes in the ACPI table DMAR, or
/// AMD-Vi, in IVRS. It needs both the firmware and the kernel to have it on.
/// </summary>
internal static class IommuCheck
{
    private const string Tables = "sys/firmware/acpi/tables";

    internal static HostFinding Look(HostFiles files)
    {
        int groups = files.Names("sys/kernel/iommu_groups").Count;
        IReadOnlyList<string> units = files.Names("sys/class/iommu");
        return groups > 0
            ? new HostFinding("iommu", true, $"{NameOf(units)}, {groups} {(groups == 1 ? "group" : "groups")} of devices", "")
            : Missing(files, units);
    }

    private static HostFinding Missing(HostFiles files, IReadOnlyList<string> units)
    {
        string? off = files.CommandLine.FirstOrDefault(word => word is "iommu=off" or "intel_iommu=off" or "amd_iommu=off");
        if (off is not null)
        {
            return No($"switched off on the kernel's command line, by {off}", $"take {off} off the kernel's command line");
        }

        if (files.Has($"{Tables}/DMAR"))
        {
            return files.CommandLine.Contains("intel_iommu=on")
                ? No("the firmware has VT-d (ACPI table DMAR), the kernel's command line intel_iommu=on, and yet there is no group of devices", "see why: dmesg | grep -i dmar; the kernel needs CONFIG_INTEL_IOMMU")
                : No("the firmware has VT-d (ACPI table DMAR), and the kernel doesn't use it", "add intel_iommu=on to the kernel's command line");
        }

        if (files.Has($"{Tables}/IVRS"))
        {
            return No("the firmware has AMD-Vi (ACPI table IVRS), and the kernel doesn't use it", "see why: dmesg | grep -i amd-vi; the kernel needs CONFIG_AMD_IOMMU");
        }

        return units.Count > 0
            ? No($"{NameOf(units)} has no group of devices", "see why: dmesg | grep -i iommu")
            : Absent(files);
    }

    private static HostFinding Absent(HostFiles files) => (files.IsGuest, files.IsAmd) switch
    {
        (true, _) => No(
            "absent: this host is a virtual machine, and its hypervisor gives it none (no ACPI table DMAR or IVRS)",
            "give the virtual machine an IOMMU, in QEMU by: -machine q35,kernel-irqchip=split -device intel-iommu,intremap=on,caching-mode=on; then intel_iommu=on on its kernel's command line"),
        (_, true) => No(
            "AMD-Vi is absent, or off in the firmware (no ACPI table IVRS)",
            "switch on IOMMU (AMD-Vi, often below AMD CBS, NBIO), and SVM Mode, in the firmware's set-up"),
        _ => No(
            "VT-d is absent, or off in the firmware (no ACPI table DMAR)",
            "switch on Intel VT-d (Virtualization Technology for Directed I/O) in the firmware's set-up, and add intel_iommu=on to the kernel's command line"),
    };

    private static string NameOf(IReadOnlyList<string> units) => units switch
    {
        [] => "an IOMMU",
        [{ } first, ..] when first.StartsWith("dmar", StringComparison.Ordinal) => $"VT-d ({string.Join(", ", units)})",
        [{ } first, ..] when first.StartsWith("ivhd", StringComparison.Ordinal) => $"AMD-Vi ({string.Join(", ", units)})",
        _ => string.Join(", ", units),
    };

    private static HostFinding No(string reason, string remedy) => new("iommu", false, reason, remedy);
}
