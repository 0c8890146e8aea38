using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Viaduct.Backends.Interop;
using Viaduct.Platform.Host;

namespace Viaduct.Backends.Block.Raw;

/// <summary>
/// The lock against a second writer: an open-file-description lock on the whole file, which QEMU and Cloud Hypervisor
/// look at too. It goes with the last descriptor, so a monitor that is killed leaves none behind.
/// </summary>
internal static unsafe class RawFileLock
{
    internal static void Take(SafeFileHandle handle, RawBlockOptions options, List<string> notes)
    {
        FileCalls.Flock wanted = new() { Type = options.ReadOnly ? FileCalls.F_RDLCK : FileCalls.F_WRLCK };
        int fd = (int)handle.DangerousGetHandle();
        if (FileCalls.fcntl(fd, FileCalls.F_OFD_SETLK, &wanted) == 0)
        {
            return;
        }

        int error = Marshal.GetLastPInvokeError();
        if (error is Errno.EAGAIN or Errno.EACCES)
        {
            string remedy = options.ReadOnly
                ? "end that program first: it writes to the disk, and a reader would see it change"
                : "end that program first, or give each guest its own copy; several may share it only when all open it readonly";
            throw new BlockOpenException(options.Path, $"it is in use by {FindHolder(fd)}; {remedy}");
        }

        notes.Add($"disk '{options.Path}' is not protected against a second writer: {new HostException("its file system has no locks", error).Message}");
    }

    /// <summary>Who holds a lock on the same file, for the message; only processes that this user may look into are found.</summary>
    private static string FindHolder(int fd)
    {
        string target = File.ResolveLinkTarget(string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{fd}"), returnFinalTarget: false)?.FullName ?? "";
        foreach (string process in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(process), NumberStyles.None, CultureInfo.InvariantCulture, out int id) && Holds(process, target))
            {
                string name = File.ReadAllText($"{process}/comm").Trim();
                return id == Environment.ProcessId ? $"this same process (id {id})" : $"process {id} ({name})";
            }
        }

        return "another process";
    }

    private static bool Holds(string process, string target)
    {
        try
        {
            foreach (string link in Directory.EnumerateFiles($"{process}/fd"))
            {
                if (new FileInfo(link).LinkTarget == target
                    && File.ReadAllText($"{process}/fdinfo/{Path.GetFileName(link)}").Contains("lock:", StringComparison.Ordinal))
                {
                    return true;
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The process ended meanwhile, or is another user's.
            return false;
        }

        return false;
    }
}
