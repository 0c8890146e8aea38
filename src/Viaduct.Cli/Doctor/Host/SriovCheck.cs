using System.Globalization;
using Viaduct.Platform.Host;

namespace Viaduct.Cli.Doctor.Host;

/// <summary>Which devices of this host derive virtual functions (SR-IOV), and whether they are let to.</summary>
internal static class SriovCheck
{
    private const string Name = "sr-iov";

    internal static HostFinding Look(HostFiles files)
    {
        List<string> able = [];
        List<string> off = [];
        foreach (PciAddress address in files.Pci.All())
        {
            string folder = files.Pci.FolderOf(address);
            if (Number(Path.Combine(folder, "sriov_totalvfs")) is { } total)
            {
                (total > 0 ? able : off).Add(total > 0
                    ? string.Create(CultureInfo.InvariantCulture, $"{address} ({Number(Path.Combine(folder, "sriov_numvfs")) ?? 0} of {total} virtual functions)")
                    : address.ToString());
            }
            else if (ExtendedCapabilities.HasSriov(Path.Combine(folder, "config")))
            {
                off.Add(address.ToString());
            }
        }

        return able.Count > 0 ? new HostFinding(Name, true, string.Join(", ", able), "")
            : off.Count > 0 ? new HostFinding(
                Name, false, $"{string.Join(", ", off)} could, but may have no virtual functions",
                "switch on SR-IOV in the firmware's set-up and in the device's own; the kernel needs CONFIG_PCI_IOV, and bus numbers and addresses for them: try pci=realloc,assign-busses on its command line")
            : new HostFinding(
                Name, false, "no device of this host offers it",
                files.IsGuest
                    ? "have the hypervisor give this virtual machine a device that does; served controllers need none: viaduct serve nvme --disk path=F --vfs N --vfio-user DIR"
                    : "use a network card or NVMe controller that does, and switch on SR-IOV in the firmware's set-up; served controllers need none: viaduct serve nvme --disk path=F --vfs N --vfio-user DIR");
    }

    private static int? Number(string path) =>
        int.TryParse(Assigned.Vfio.Host.HostPci.Text(path), NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : null;
}
