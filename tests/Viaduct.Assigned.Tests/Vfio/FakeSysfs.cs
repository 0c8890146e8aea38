using System.Globalization;
using Viaduct.Assigned.Vfio.Host;
using Viaduct.Platform.Host;

namespace Viaduct.Assigned.Tests.Vfio;

/// <summary>A made-up /sys, /proc and /dev, whose PCI drivers do as the kernel's when something is written to it.</summary>
internal sealed class FakeSysfs : IDisposable
{
    private readonly Dictionary<string, HashSet<PciAddress>> _drivers = new() { ["vfio-pci"] = [] };
    private int _handOvers;

    internal FakeSysfs()
    {
        Pci = new HostPci(Root, Write);
        Directory.CreateDirectory(InBus("drivers/vfio-pci"));
        Put("proc/self/mountinfo", "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n");
        Put("proc/swaps", "Filename Type Size Used Priority\n");
        Put("dev/vfio/vfio", "");
    }

    internal string Root { get; } = Directory.CreateTempSubdirectory("viaduct-sysfs-").FullName;

    internal HostPci Pci { get; }

    /// <summary>What was written, in order: the file's path from sys/bus/pci on, and the text.</summary>
    internal List<string> Writes { get; } = [];

    /// <summary>Writes to such files fail.</summary>
    internal string? Refuses { get; set; }

    /// <summary>Whether vfio-pci takes what it is offered.</summary>
    internal bool VfioTakes { get; set; } = true;

    /// <summary>Whether devices that vfio-pci takes get a file of their own, as with IOMMUFD.</summary>
    internal bool HasDeviceFiles { get; set; }

    internal static PciAddress At(string address) => PciAddress.TryParse(address, out PciAddress parsed) ? parsed : throw new FormatException(address);

    /// <summary>Adds a function with its native driver bound.</summary>
    internal PciAddress Add(string address, int? group = 7, string? driver = "nvme", uint classCode = 0x01_08_02, string? physical = null)
    {
        PciAddress at = At(address);
        string folder = InBus($"devices/{address}");
        Put($"sys/bus/pci/devices/{address}/vendor", "0x8086\n");
        Put($"sys/bus/pci/devices/{address}/device", "0x10ca\n");
        Put($"sys/bus/pci/devices/{address}/class", $"0x{classCode:x6}\n");
        Put($"sys/bus/pci/devices/{address}/driver_override", "(null)\n");
        Put($"sys/bus/pci/devices/{address}/reset_method", "flr bus\n");
        if (group is { } number)
        {
            string name = number.ToString(CultureInfo.InvariantCulture);
            Directory.CreateDirectory(Path.Combine(Root, "sys/kernel/iommu_groups", name, "devices"));
            File.CreateSymbolicLink(Path.Combine(folder, "iommu_group"), $"../../../../kernel/iommu_groups/{name}");
            File.CreateSymbolicLink(Path.Combine(Root, "sys/kernel/iommu_groups", name, "devices", address), $"../../../../bus/pci/devices/{address}");
        }

        if (physical is not null)
        {
            File.CreateSymbolicLink(Path.Combine(folder, "physfn"), $"../{physical}");
        }

        if (driver is not null)
        {
            _drivers.TryAdd(driver, []);
            _drivers[driver].Add(at);
            Bind(at, driver);
        }

        return at;
    }

    internal void Put(string path, string text)
    {
        string file = Path.Combine(Root, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, text);
    }

    internal void Link(string path, string target)
    {
        string file = Path.Combine(Root, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.CreateSymbolicLink(file, target);
    }

    internal string? DriverOf(PciAddress address) => Pci.Find(address)?.Driver;

    /// <summary>The host's administrator takes a device from its driver and gives it to another, or back.</summary>
    internal void Move(PciAddress address, string? driver)
    {
        Unbind(address);
        if (driver is not null)
        {
            Bind(address, driver);
        }
    }

    public void Dispose() => Directory.Delete(Root, recursive: true);

    private string InBus(string path) => Path.Combine(Root, "sys/bus/pci", path);

    private void Write(string path, string text)
    {
        string name = Path.GetRelativePath(InBus(""), path);
        Writes.Add($"{name}={text.TrimEnd('\n')}");
        if (Refuses is not null && name.EndsWith(Refuses, StringComparison.Ordinal))
        {
            throw new IOException("No such device");
        }

        switch (Path.GetFileName(name))
        {
            case "driver_override":
                File.WriteAllText(path, text == "\n" ? "(null)\n" : text);
                break;
            case "unbind":
                Unbind(At(text));
                break;
            case "drivers_probe":
                Probe(At(text));
                break;
        }
    }

    private void Probe(PciAddress address)
    {
        HostPciDevice device = Pci.Find(address)!;
        if (device.Driver is not null)
        {
            return;
        }

        string? driver = device.DriverOverride is { } only ? (only == "vfio-pci" && !VfioTakes ? null : only)
            : _drivers.FirstOrDefault(each => each.Value.Contains(address)).Key;
        if (driver is not null)
        {
            Bind(address, driver);
        }
    }

    private void Bind(PciAddress address, string driver)
    {
        Directory.CreateDirectory(InBus($"drivers/{driver}"));
        File.CreateSymbolicLink(InBus($"devices/{address}/driver"), $"../../drivers/{driver}");
        if (driver != "vfio-pci")
        {
            return;
        }

        // The time of a node is that of the hand-over; the file system's clock may be too coarse to tell two apart.
        DateTime time = DateTime.UnixEpoch.AddSeconds(++_handOvers);
        if (Pci.Find(address)!.Group is { } group)
        {
            Put($"dev/vfio/{group}", "");
            File.SetLastWriteTimeUtc(Path.Combine(Root, $"dev/vfio/{group}"), time);
        }

        if (HasDeviceFiles)
        {
            Directory.CreateDirectory(InBus($"devices/{address}/vfio-dev/vfio{address.Function}"));
            Put($"dev/vfio/devices/vfio{address.Function}", "");
            Put("dev/iommu", "");
        }
    }

    private void Unbind(PciAddress address)
    {
        HostPciDevice device = Pci.Find(address)!;
        File.Delete(InBus($"devices/{address}/driver"));
        if (device.Driver == "vfio-pci" && device.Group is { } group)
        {
            File.Delete(Path.Combine(Root, $"dev/vfio/{group}"));
        }

        if (device.VfioName is { } name)
        {
            Directory.Delete(InBus($"devices/{address}/vfio-dev"), recursive: true);
            File.Delete(Path.Combine(Root, $"dev/vfio/devices/{name}"));
        }
    }
}
