using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

[assembly: DisableRuntimeMarshalling]

namespace Viaduct.Sriov.Interop;

/// <summary>The C library's locks of open files, which end with the process that has them; names and constants are C's.</summary>
internal static partial class FolderCalls
{
    internal const int O_DIRECTORY_CLOEXEC = 0x90000;
    internal const int O_NONBLOCK_CLOEXEC = 0x80800;
    internal const int LOCK_EX_NB = 6;
    internal const int EWOULDBLOCK = 11;
    internal const int ENXIO = 6;

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int open(string path, int flags);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int flock(SafeFileHandle file, int operation);
}
