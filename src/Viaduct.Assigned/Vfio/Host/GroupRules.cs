namespace Viaduct.Assigned.Vfio.Host;

/// <summary>An IOMMU group: functions that the IOMMU can't tell apart, or that reach each other without it. They go to one guest, or to none.</summary>
internal static class GroupRules
{
    // Ports move others' requests and make none; the stub drives nothing.
    private static readonly string[] _harmless = ["pcieport", "pci-stub"];

    /// <summary>Says, for people, what else is in a group and why that keeps it from a guest, and what to do.</summary>
    internal static string Explain(HostPci pci, int group)
    {
        HostPciDevice[] others = [.. pci.InGroup(group).Where(KeepsGroup)];
        if (others.Length == 0)
        {
            return $"IOMMU group {group} can't be given away; the kernel's log (dmesg) says why";
        }

        HostPciDevice first = others[0];
        return $"IOMMU group {group} holds {string.Join(" and ", others.Select(each => each.ToString()))}, too, and goes to one guest whole. "
            + $"Give the guest that as well (--assign vfio:{first.Address}), or take its driver away (echo {first.Address} > /sys/bus/pci/drivers/{first.Driver}/unbind)";
    }

    private static bool KeepsGroup(HostPciDevice device) =>
        device.Driver is not null && !device.IsForGuests && !_harmless.Contains(device.Driver);
}
