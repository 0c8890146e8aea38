using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

[assembly: DisableRuntimeMarshalling]

namespace Viaduct.Engines.Kvm.Interop;

/// <summary>The C library calls that reach KVM; names and constants are C's.</summary>
internal static unsafe partial class Libc
{
    internal const int O_RDWR = 2;
    internal const int O_CLOEXEC = 0x80000;
    internal const int PROT_READ = 1;
    internal const int PROT_WRITE = 2;
    internal const int MAP_SHARED = 1;
    internal const int EINTR = 4;
    internal const int EAGAIN = 11;
    internal static readonly void* MapFailed = (void*)-1;

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int open(string path, int flags);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int ioctl(SafeFileHandle fd, nuint request, nint argument);

    /// <summary>By the descriptor's bare number, which its owner keeps open meanwhile: for what is called a million times a second.</summary>
    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    internal static partial int ioctl_run(int fd, nuint request, nint argument);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    internal static partial int ioctl_pointer(SafeFileHandle fd, nuint request, void* argument);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial void* mmap(void* address, nuint length, int protection, int flags, SafeFileHandle fd, long offset);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int munmap(void* address, nuint length);

    [LibraryImport("libc")]
    internal static partial int gettid();

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int tgkill(int process, int thread, int signal);
}
