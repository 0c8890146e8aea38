using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Viaduct.Assigned.Registry.Interop;

/// <summary>
/// The C library's open file description locks (fcntl(2), "Open file description locks"): they end with the last
/// descriptor of the open file, so with the process, and can be looked at without being taken. Names and constants are C's.
/// </summary>
internal static unsafe partial class RegistryCalls
{
    internal const int O_RDONLY = 0;
    internal const int O_RDWR = 2;
    internal const int O_CREAT = 0x40;
    internal const int O_NONBLOCK = 0x800;
    internal const int O_NOFOLLOW = 0x20000;
    internal const int O_CLOEXEC = 0x80000;
    internal const int F_OFD_GETLK = 36;
    internal const int F_OFD_SETLK = 37;
    internal const short F_WRLCK = 1;
    internal const short F_UNLCK = 2;
    internal const int EACCES = 13;
    internal const int EAGAIN = 11;

    /// <summary>struct flock on x86-64; all zero but the type is the whole file.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct FileLock
    {
        internal short Type;
        internal short Whence;
        internal long Start;
        internal long Length;
        internal int Process;
    }

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int open(string path, int flags, uint mode);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int fcntl(SafeFileHandle file, int command, FileLock* argument);

    [LibraryImport("libc")]
    internal static partial uint geteuid();
}
