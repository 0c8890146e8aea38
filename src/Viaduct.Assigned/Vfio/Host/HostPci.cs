using System.Globalization;
using Viaduct.Platform.Host;

namespace Viaduct.Assigned.Vfio.Host;

/// <summary>
/// The host's PCI functions and their drivers, by sysfs (the kernel's Documentation/ABI/testing/sysfs-bus-pci): the one
/// type that reads it, and that writes to it.
/// </summary>
public sealed class HostPci
{
    private readonly Action<string, string> _write;

    /// <param name="root">What <c>/sys</c>, <c>/proc</c> and <c>/dev</c> lie in; another than <c>/</c> in tests.</param>
    /// <param name="write">Writes a text to a file, by its path; as <see cref="File"/> does if null.</param>
    public HostPci(string root = "/", Action<string, string>? write = null)
    {
        Root = root;
        _write = write ?? File.WriteAllText;
    }

    /// <summary>What <c>/sys</c>, <c>/proc</c> and <c>/dev</c> lie in.</summary>
    public string Root { get; }

    private string Bus => Path.Combine(Root, "sys/bus/pci");

    /// <summary>The folder of a function.</summary>
    public string FolderOf(PciAddress address) => Path.Combine(Bus, "devices", address.ToString());

    /// <summary>Looks at a function; null where there is none.</summary>
    public HostPciDevice? Find(PciAddress address)
    {
        string folder = FolderOf(address);
        if (!Directory.Exists(folder))
        {
            return null;
        }

        string? group = LinkedName(Path.Combine(folder, "iommu_group"));
        string? physical = LinkedName(Path.Combine(folder, "physfn"));
        string? restriction = Text(Path.Combine(folder, "driver_override"));
        return new HostPciDevice
        {
            Address = address,
            Vendor = (ushort)Number(Path.Combine(folder, "vendor")),
            Device = (ushort)Number(Path.Combine(folder, "device")),
            ClassCode = Number(Path.Combine(folder, "class")),
            Driver = LinkedName(Path.Combine(folder, "driver")),
            DriverOverride = restriction is null or "" or "(null)" ? null : restriction,
            Group = int.TryParse(group, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : null,
            PhysicalFunction = PciAddress.TryParse(physical, out PciAddress function) ? function : null,
            ResetMethods = Text(Path.Combine(folder, "reset_method"))?.Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [],
            VfioName = Names(Path.Combine(folder, "vfio-dev")) is [{ } name, ..] ? name : null,
        };
    }

    /// <summary>All functions, in the order of their addresses.</summary>
    public IReadOnlyList<PciAddress> All() => Addresses(Path.Combine(Bus, "devices"));

    /// <summary>The functions in an IOMMU group, in the order of their addresses.</summary>
    public IReadOnlyList<HostPciDevice> InGroup(int group)
    {
        string folder = string.Create(CultureInfo.InvariantCulture, $"{Root}/sys/kernel/iommu_groups/{group}/devices");
        return [.. Addresses(folder).Select(Find).OfType<HostPciDevice>()];
    }

    /// <summary>Whether a driver is there.</summary>
    public bool HasDriver(string name) => Directory.Exists(Path.Combine(Bus, "drivers", name));

    /// <summary>Lets one driver only take a function, or any again.</summary>
    /// <exception cref="IOException">The kernel refuses.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not.</exception>
    public void SetDriverOverride(PciAddress address, string? driver) => _write(Path.Combine(FolderOf(address), "driver_override"), $"{driver}\n");

    /// <summary>Takes a function away from its driver; returns when the driver has let go.</summary>
    /// <exception cref="IOException">The kernel refuses.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not.</exception>
    public void Unbind(PciAddress address, string driver) => _write(Path.Combine(Bus, "drivers", driver, "unbind"), address.ToString());

    /// <summary>Has the drivers that may take a function look at it.</summary>
    /// <exception cref="IOException">The kernel refuses.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not.</exception>
    public void Probe(PciAddress address) => _write(Path.Combine(Bus, "drivers_probe"), address.ToString());

    /// <summary>Writes to a file of sysfs.</summary>
    /// <param name="path">The file, below <see cref="Root"/>.</param>
    /// <param name="text">What it takes.</param>
    /// <exception cref="IOException">The kernel refuses.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not.</exception>
    public void Write(string path, string text) => _write(path, text);

    /// <summary>The names in a folder; none where there is no such folder.</summary>
    public static IReadOnlyList<string> Names(string folder) =>
        Directory.Exists(folder) ? [.. Directory.EnumerateFileSystemEntries(folder).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)] : [];

    /// <summary>A file's text without the line's end; null where there is no such file, or it can't be read.</summary>
    public static string? Text(string path)
    {
        try
        {
            return File.Exists(path) ? File.ReadAllText(path).TrimEnd('\n', '\0') : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static List<PciAddress> Addresses(string folder)
    {
        List<PciAddress> found = [];
        foreach (string name in Names(folder))
        {
            if (PciAddress.TryParse(name, out PciAddress address))
            {
                found.Add(address);
            }
        }

        found.Sort();
        return found;
    }

    private static string? LinkedName(string path) =>
        new DirectoryInfo(path).LinkTarget is { } target ? Path.GetFileName(target.TrimEnd('/')) : null;

    private static uint Number(string path)
    {
        string? text = Text(path);
        return text?.StartsWith("0x", StringComparison.Ordinal) == true
            && uint.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint value) ? value : 0;
    }
}
