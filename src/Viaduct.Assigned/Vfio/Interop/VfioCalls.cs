using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Viaduct.Assigned.Vfio.Interop;

/// <summary>The C library calls that reach VFIO, IOMMUFD and the files beside them; names and constants are C's.</summary>
internal static unsafe partial class VfioCalls
{
    internal const int O_RDWR_CLOEXEC = 0x80002;
    internal const int O_CREAT = 0x40;
    internal const int LOCK_EX_NB = 6;
    internal const int RLIMIT_MEMLOCK = 8;
    internal const int EPERM = 1;
    internal const int ENOENT = 2;
    internal const int ENODEV = 19;
    internal const int ENOMEM = 12;
    internal const int EACCES = 13;
    internal const int EBUSY = 16;
    internal const int EINVAL = 22;
    internal const int ENOTTY = 25;

    /// <summary>struct rlimit.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct Limit
    {
        internal const ulong Infinity = ulong.MaxValue;

        internal ulong Current;
        internal ulong Most;
    }

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int open(string path, int flags, uint mode);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int flock(SafeFileHandle file, int operation);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int ioctl(SafeFileHandle file, nuint request, void* argument);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint pread(SafeFileHandle file, void* buffer, nuint count, long offset);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint pwrite(SafeFileHandle file, void* buffer, nuint count, long offset);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int getrlimit(int resource, Limit* limit);

    [LibraryImport("libc")]
    internal static partial uint geteuid();
}
