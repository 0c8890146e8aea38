using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Viaduct.Platform.Dma;

[assembly: DisableRuntimeMarshalling]

namespace Viaduct.Backends.Interop;

/// <summary>The C library's calls on files, block devices and descriptors; names and constants are C's.</summary>
internal static unsafe partial class FileCalls
{
    internal const int O_RDONLY = 0;
    internal const int O_RDWR = 2;
    internal const int O_CREAT = 0x40;
    internal const int O_EXCL = 0x80;
    internal const int O_NONBLOCK = 0x800;
    internal const int O_CLOEXEC = 0x80000;
    internal const int AT_FDCWD = -100;
    internal const int F_GETFL = 3;
    internal const int F_SETFL = 4;
    internal const int F_OFD_SETLK = 37;
    internal const int LOCK_EX = 2;
    internal const int LOCK_NB = 4;
    internal const short F_RDLCK = 0;
    internal const short F_WRLCK = 1;
    internal const int AT_EMPTY_PATH = 0x1000;
    internal const uint STATX_BASIC_STATS = 0x7FF;
    internal const uint STATX_DIOALIGN = 0x2000;

    // S_IFMT and so on.
    internal const int IFMT = 0xF000;
    internal const int IFREG = 0x8000;
    internal const int IFBLK = 0x6000;
    internal const int IFDIR = 0x4000;

    internal const int FALLOC_FL_KEEP_SIZE = 1;
    internal const int FALLOC_FL_PUNCH_HOLE = 2;
    internal const int FALLOC_FL_ZERO_RANGE = 16;
    internal const int RWF_DSYNC = 2;
    internal const int IOV_MAX = 1024;
    internal const nuint BLKSSZGET = 0x1268;
    internal const nuint BLKPBSZGET = 0x127B;
    internal const nuint BLKGETSIZE64 = 0x80081272;

    /// <summary>Differs between architectures: the generic value, and Arm's own.</summary>
    internal static int O_DIRECT => RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 0x10000 : 0x4000;

    /// <summary>C's <c>struct flock</c> on 64-bit Linux.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct Flock
    {
        internal short Type;
        internal short Whence;
        internal long Start;
        internal long Length;
        internal int Pid;
    }

    /// <summary>The fields we read of C's <c>struct statx</c>, at the kernel's offsets.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    internal struct Statx
    {
        [FieldOffset(0)]
        internal uint Mask;

        [FieldOffset(4)]
        internal uint BlockSize;

        [FieldOffset(28)]
        internal ushort Mode;

        [FieldOffset(40)]
        internal ulong Size;

        [FieldOffset(128)]
        internal uint DeviceMajor;

        [FieldOffset(132)]
        internal uint DeviceMinor;

        [FieldOffset(152)]
        internal uint DirectMemoryAlignment;

        [FieldOffset(156)]
        internal uint DirectOffsetAlignment;
    }

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int open(string path, int flags);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int open(string path, int flags, int mode);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int close(int fd);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint read(int fd, void* buffer, nuint count);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint writev(int fd, HostSegment* segments, int count);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int flock(int fd, int operation);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int fcntl(int fd, int command, void* argument);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int statx(int directory, string path, int flags, uint mask, Statx* status);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int ioctl(int fd, nuint request, void* argument);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int ftruncate(int fd, long length);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint pread(int fd, void* buffer, nuint count, long offset);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint preadv2(int fd, HostSegment* segments, int count, long offset, int flags);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint pwritev2(int fd, HostSegment* segments, int count, long offset, int flags);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int fdatasync(int fd);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int fallocate(int fd, int mode, long offset, long length);
}
