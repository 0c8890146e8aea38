using System.Globalization;

namespace Viaduct.Assigned.Vfio.Host;

/// <summary>Which processes have a file open, as far as this user may see.</summary>
public static class FileUsers
{
    /// <summary>For people: <c>"qemu-system-x86 (pid 17)"</c>; null where none is seen.</summary>
    public static string? Of(HostPci pci, string path)
    {
        foreach (string process in Directory.EnumerateDirectories(Path.Combine(pci.Root, "proc")))
        {
            string number = Path.GetFileName(process);
            if (int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out int id) && id != Environment.ProcessId && HasOpen(process, path))
            {
                return $"{HostPci.Text(Path.Combine(process, "comm")) ?? "a process"} (pid {number})";
            }
        }

        return null;
    }

    private static bool HasOpen(string process, string path)
    {
        try
        {
            return Directory.EnumerateFileSystemEntries(Path.Combine(process, "fd")).Any(link => new FileInfo(link).LinkTarget == path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Ended, or somebody else's.
            return false;
        }
    }
}
