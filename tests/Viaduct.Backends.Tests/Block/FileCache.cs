using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Viaduct.Backends.Tests.Block;

/// <summary>What the kernel's page cache holds of a file that isn't on the disk yet: the cachestat system call (Linux 6.5).</summary>
internal static unsafe partial class FileCache
{
    private const nint CachestatNumber = 451;

    /// <summary>Pages that are dirty or being written; -1 where the kernel can't tell.</summary>
    internal static long UnwrittenPages(string path)
    {
        using SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        ulong* range = stackalloc ulong[] { 0, 0 };
        ulong* counts = stackalloc ulong[5];
        return syscall(CachestatNumber, (nint)file.DangerousGetHandle(), range, counts, 0) == 0 ? (long)(counts[1] + counts[2]) : -1;
    }

    [LibraryImport("libc")]
    private static partial nint syscall(nint number, nint file, ulong* range, ulong* counts, nint flags);
}
