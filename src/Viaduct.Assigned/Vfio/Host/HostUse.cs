using System.Globalization;
using Viaduct.Platform.Host;

namespace Viaduct.Assigned.Vfio.Host;

/// <summary>
/// What the host itself does with a function right now. A disk with a mounted file system, or the network interface that
/// its user is logged in by, isn't taken away from it.
/// </summary>
/// <param name="What">For people: <c>"its network interface eth4 is up"</c>.</param>
/// <param name="Remedy">What to do first.</param>
public sealed record HostUse(string What, string Remedy)
{
    /// <summary>Says what of the host would break; null where nothing would.</summary>
    public static HostUse? Of(HostPci pci, PciAddress address) => OfDisks(pci, address) ?? OfInterfaces(pci, address);

    /// <summary>Says which of a function's disks is in use; null where none is.</summary>
    public static HostUse? OfDisks(HostPci pci, PciAddress address) =>
        DisksOf(pci, address).Select(disk => UseOf(pci, disk)).FirstOrDefault(use => use is not null);

    /// <summary>Says which of a function's network interfaces is up; null where none is.</summary>
    public static HostUse? OfInterfaces(HostPci pci, PciAddress address)
    {
        string folder = Path.Combine(pci.FolderOf(address), "net");
        string? up = HostPci.Names(folder).FirstOrDefault(name => IsUp(Path.Combine(folder, name, "flags")));
        return up is null ? null : new HostUse($"its network interface {up} is up", $"first: ip link set {up} down");
    }

    /// <summary>For people, with the remedy.</summary>
    public override string ToString() => $"{What}; {Remedy}";

    private static bool IsUp(string flags)
    {
        const int Up = 1;
        return HostPci.Text(flags) is { Length: > 2 } text
            && int.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int value)
            && (value & Up) != 0;
    }

    // The disks that are nowhere else: one that another controller reaches, too, stays.
    private static IEnumerable<string> DisksOf(HostPci pci, PciAddress address)
    {
        string function = pci.FolderOf(address);
        string parent = $"/{address}/";
        string blocks = Path.Combine(pci.Root, "sys/class/block");
        foreach (string name in HostPci.Names(blocks))
        {
            if ($"{new DirectoryInfo(Path.Combine(blocks, name)).LinkTarget}/".Contains(parent, StringComparison.Ordinal))
            {
                yield return name;
            }
        }

        foreach (string controller in HostPci.Names(Path.Combine(function, "nvme")))
        {
            string subsystems = Path.Combine(pci.Root, "sys/class/nvme-subsystem");
            foreach (string subsystem in HostPci.Names(subsystems).Select(name => Path.Combine(subsystems, name)))
            {
                IReadOnlyList<string> parts = HostPci.Names(subsystem);
                if (!parts.Contains(controller) || parts.Count(IsController) > 1)
                {
                    continue;
                }

                foreach (string disk in parts.Where(name => File.Exists(Path.Combine(subsystem, name, "dev"))))
                {
                    yield return disk;
                    foreach (string partition in HostPci.Names(Path.Combine(subsystem, disk)).Where(name => name.StartsWith(disk, StringComparison.Ordinal)))
                    {
                        yield return partition;
                    }
                }
            }
        }
    }

    private static bool IsController(string name) =>
        name.StartsWith("nvme", StringComparison.Ordinal) && name.AsSpan(4).IndexOfAnyExceptInRange('0', '9') < 0;

    private static HostUse? UseOf(HostPci pci, string disk)
    {
        string folder = Path.Combine(pci.Root, "sys/class/block", disk);
        if (HostPci.Names(Path.Combine(folder, "holders")) is [{ } holder, ..])
        {
            return new HostUse($"its disk {disk} is part of {holder}", "first take that apart");
        }

        string? number = HostPci.Text(Path.Combine(folder, "dev"));
        foreach (string line in Lines(pci, "proc/self/mountinfo"))
        {
            string[] fields = line.Split(' ');
            if (number is not null && fields.Length > 4 && fields[2] == number)
            {
                return new HostUse($"its disk {disk} is mounted at {fields[4]}", $"first: umount {fields[4]}");
            }
        }

        return Lines(pci, "proc/swaps").Any(line => line.StartsWith($"/dev/{disk} ", StringComparison.Ordinal) || line.StartsWith($"/dev/{disk}\t", StringComparison.Ordinal))
            ? new HostUse($"its disk {disk} has swap space in use", $"first: swapoff /dev/{disk}")
            : null;
    }

    private static string[] Lines(HostPci pci, string path) => HostPci.Text(Path.Combine(pci.Root, path))?.Split('\n') ?? [];
}
