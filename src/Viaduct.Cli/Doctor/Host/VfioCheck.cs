namespace Viaduct.Cli.Doctor.Host;

/// <summary>Whether the kernel can give devices to programs, and whether this user may have them.</summary>
internal static class VfioCheck
{
    private const string Name = "vfio";
    private const string Driver = "vfio-pci";

    /// <param name="files">The host's.</param>
    /// <param name="mayUse">Whether this user may read and write a file.</param>
    internal static HostFinding Look(HostFiles files, Func<string, bool> mayUse)
    {
        if (!files.Pci.HasDriver(Driver))
        {
            return new HostFinding(Name, false, $"the kernel has no driver {Driver}", $"modprobe {Driver}; where there is no such module, a kernel with CONFIG_VFIO_PCI");
        }

        string control = files.PathOf("dev/vfio/vfio");
        string iommufd = files.PathOf("dev/iommu");
        if (!File.Exists(control) && !File.Exists(iommufd))
        {
            return new HostFinding(Name, false, "there is neither /dev/vfio/vfio nor /dev/iommu", "modprobe vfio_iommu_type1");
        }

        string[] devices = [.. Names(files)];
        string[] refused = [.. devices.Where(device => !mayUse(files.PathOf(device)))];
        string ways = File.Exists(iommufd) && files.Names("dev/vfio/devices").Count > 0 ? "by IOMMUFD or by groups" : "by groups";
        if (refused.Length > 0)
        {
            return new HostFinding(
                Name, false, $"this user may not open {string.Join(", ", refused.Select(device => "/" + device))}",
                $"give them to this user: chown USER /{refused[0]}, or a rule of udev's for SUBSYSTEM==\"vfio\"");
        }

        string bound = devices.Length == 0
            ? "no device is given to guests now; 'viaduct run --assign vfio:ADDRESS' binds one, as root"
            : $"{devices.Length} {(devices.Length == 1 ? "file" : "files")} of devices for guests: {string.Join(", ", devices.Select(device => "/" + device))}";
        return new HostFinding(Name, true, $"{Driver} gives devices {ways}; {bound}", "");
    }

    private static IEnumerable<string> Names(HostFiles files) =>
        files.Names("dev/vfio").Where(name => name.AsSpan().IndexOfAnyExceptInRange('0', '9') < 0).Select(name => $"dev/vfio/{name}")
            .Concat(files.Names("dev/vfio/devices").Select(name => $"dev/vfio/devices/{name}"));
}
