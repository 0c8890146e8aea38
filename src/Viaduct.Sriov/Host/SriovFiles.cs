using System.Globalization;
using Viaduct.Assigned.Vfio.Host;
using Viaduct.Platform.Host;

namespace Viaduct.Sriov.Host;

/// <summary>What sysfs says of physical functions and their virtual ones, and takes (the kernel's Documentation/ABI/testing/sysfs-bus-pci).</summary>
internal sealed class SriovFiles(HostPci pci)
{
    private const string TotalFile = "sriov_totalvfs";
    private const string CountFile = "sriov_numvfs";
    private const string ProbesFile = "sriov_drivers_autoprobe";
    private const string FunctionLink = "virtfn";

    /// <summary>The host's functions that have the SR-IOV capability.</summary>
    internal IEnumerable<PciAddress> PhysicalFunctions => pci.All().Where(IsPhysical);

    /// <summary>Whether a function is there and has the capability.</summary>
    internal bool IsPhysical(PciAddress address) => File.Exists(PathOf(address, TotalFile));

    /// <summary>The most virtual functions that the kernel makes of it.</summary>
    internal int Total(PciAddress address) => Number(address, TotalFile);

    /// <summary>Whether drivers take its virtual functions as they come.</summary>
    internal bool Probes(PciAddress address) => HostPci.Text(PathOf(address, ProbesFile)) is null or "1";

    /// <summary>Its virtual functions, the first one's number being 1.</summary>
    internal IReadOnlyList<(int Number, PciAddress Address)> Functions(PciAddress address)
    {
        List<(int Number, PciAddress Address)> functions = [];
        foreach (string name in HostPci.Names(pci.FolderOf(address)))
        {
            if (name.StartsWith(FunctionLink, StringComparison.Ordinal)
                && int.TryParse(name.AsSpan(FunctionLink.Length), NumberStyles.None, CultureInfo.InvariantCulture, out int index)
                && PciAddress.TryParse(TargetName(PathOf(address, name)), out PciAddress function))
            {
                functions.Add((index + 1, function));
            }
        }

        functions.Sort();
        return functions;
    }

    /// <summary>
    /// The network interface of a function, the first if it has several; null where none can be seen from this network
    /// namespace. A virtio function's is its inner device's.
    /// </summary>
    internal string? InterfaceOf(PciAddress address) => Enumerable.Repeat("", 1)
        .Concat(HostPci.Names(pci.FolderOf(address)).Where(name => name.StartsWith("virtio", StringComparison.Ordinal)))
        .SelectMany(inner => HostPci.Names(Path.Combine(pci.FolderOf(address), inner, "net")))
        .FirstOrDefault();

    /// <summary>The number that the kernel has for an interface; 0 where there is none.</summary>
    internal int InterfaceIndex(string name) =>
        int.TryParse(HostPci.Text(Path.Combine(Interface(name), "ifindex")), NumberStyles.None, CultureInfo.InvariantCulture, out int index) ? index : 0;

    /// <summary>Whether there is a network interface of that name, a virtual one or not.</summary>
    internal bool HasInterface(string name) => name is not ("" or "." or "..") && !name.Contains('/', StringComparison.Ordinal) && Directory.Exists(Interface(name));

    /// <summary>The function behind a network interface; null where none is.</summary>
    internal PciAddress? FunctionOf(string name)
    {
        string link = Interface(name);
        string folder = new DirectoryInfo(link).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? link;
        if (new DirectoryInfo(Path.Combine(folder, "device")).LinkTarget is not { } target)
        {
            return null;
        }

        // The nearest one up the tree: between function and interface there may be a device of a virtio function's.
        string root = Path.Combine(pci.Root, "sys");
        for (string? place = Path.GetFullPath(Path.Combine(folder, target)); place?.Length > root.Length; place = Path.GetDirectoryName(place))
        {
            if (PciAddress.TryParse(Path.GetFileName(place), out PciAddress address))
            {
                return address;
            }
        }

        return null;
    }

    /// <summary>Has the kernel make so many virtual functions, or take all away (0). Returns when they are there, or gone.</summary>
    /// <exception cref="IOException">The kernel refuses.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not.</exception>
    internal void SetCount(PciAddress address, int count) => Write(address, CountFile, count);

    /// <summary>Has drivers take virtual functions as they come, or not.</summary>
    /// <exception cref="IOException">The kernel refuses.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not.</exception>
    internal void SetProbes(PciAddress address, bool on) => Write(address, ProbesFile, on ? 1 : 0);

    private static string? TargetName(string link) =>
        new DirectoryInfo(link).LinkTarget is { } target ? Path.GetFileName(target.TrimEnd('/')) : null;

    private string Interface(string name) => Path.Combine(pci.Root, "sys/class/net", name);

    private string PathOf(PciAddress address, string file) => Path.Combine(pci.FolderOf(address), file);

    private int Number(PciAddress address, string file) =>
        int.TryParse(HostPci.Text(PathOf(address, file)), NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : 0;

    private void Write(PciAddress address, string file, int number) =>
        pci.Write(PathOf(address, file), number.ToString(CultureInfo.InvariantCulture));
}
