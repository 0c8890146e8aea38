using Viaduct.Assigned.Vfio.Host;

namespace Viaduct.Cli.Doctor.Host;

/// <summary>The files by which the kernel tells what this host is.</summary>
/// <param name="root">What <c>/sys</c>, <c>/proc</c> and <c>/dev</c> lie in.</param>
internal sealed class HostFiles(string root)
{
    /// <summary>The host's devices.</summary>
    internal HostPci Pci { get; } = new(root);

    /// <summary>The kernel's command line, word by word.</summary>
    internal IReadOnlyList<string> CommandLine => (Text("proc/cmdline") ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>What the first processor can do, as the kernel names it.</summary>
    internal IReadOnlySet<string> ProcessorFlags => ProcessorLine("flags").Split(' ', StringSplitOptions.RemoveEmptyEntries).ToHashSet(StringComparer.Ordinal);

    /// <summary>Whether the processors are AMD's, or of its kind.</summary>
    internal bool IsAmd => ProcessorLine("vendor_id") is "AuthenticAMD" or "HygonGenuine";

    /// <summary>Whether this host is itself a guest.</summary>
    internal bool IsGuest => ProcessorFlags.Contains("hypervisor");

    /// <summary>A file's path.</summary>
    internal string PathOf(string path) => Path.Combine(root, path);

    /// <summary>Whether there is a file or folder.</summary>
    internal bool Has(string path) => Path.Exists(PathOf(path));

    /// <summary>A file's text without the line's end; null where there is none that can be read.</summary>
    internal string? Text(string path) => HostPci.Text(PathOf(path));

    /// <summary>The names in a folder; none where there is no such folder.</summary>
    internal IReadOnlyList<string> Names(string folder) => HostPci.Names(PathOf(folder));

    private string ProcessorLine(string name)
    {
        foreach (string line in (Text("proc/cpuinfo") ?? "").Split('\n'))
        {
            int colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon >= 0 && line[..colon].TrimEnd() == name)
            {
                return line[(colon + 1)..].Trim();
            }
        }

        return "";
    }
}
