using System.Runtime.InteropServices;

namespace Viaduct.Backends.Interop;

/// <summary>The kernel's io_uring interface, for which the C library has no names of its own; constants are those of <c>linux/io_uring.h</c>.</summary>
internal static unsafe partial class UringCalls
{
    internal const nint SYS_io_uring_setup = 425;
    internal const nint SYS_io_uring_enter = 426;
    internal const nint SYS_io_uring_register = 427;
    internal const byte IORING_OP_READV = 1;
    internal const byte IORING_OP_WRITEV = 2;
    internal const byte IORING_OP_FSYNC = 3;
    internal const byte IORING_OP_FALLOCATE = 17;
    internal const byte IORING_OP_READ = 22;
    internal const uint IORING_FSYNC_DATASYNC = 1;
    internal const uint IORING_SETUP_COOP_TASKRUN = 1u << 8;
    internal const uint IORING_SETUP_TASKRUN_FLAG = 1u << 9;
    internal const uint IORING_FEAT_SINGLE_MMAP = 1u << 0;
    internal const uint IORING_FEAT_NODROP = 1u << 1;
    internal const uint IORING_ENTER_GETEVENTS = 1;
    internal const uint IORING_SQ_CQ_OVERFLOW = 1u << 1;
    internal const uint IORING_SQ_TASKRUN = 1u << 2;
    internal const uint IORING_REGISTER_PROBE = 8;
    internal const ushort IO_URING_OP_SUPPORTED = 1;
    internal const long IORING_OFF_SQ_RING = 0;
    internal const long IORING_OFF_SQES = 0x10000000;
    internal const int PROT_READ_WRITE = 3;
    internal const int MAP_SHARED_POPULATE = 0x8001;
    internal static readonly void* MapFailed = (void*)-1;

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint syscall(nint number, nint a, void* b, nint c = 0, nint d = 0, void* e = null, nint f = 0);

    /// <summary>The same entry with plain integers where io_uring_enter has its counts.</summary>
    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    internal static partial nint enter(nint number, nint fd, nint submit, nint complete, nint flags, void* signals, nint size);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial void* mmap(void* address, nuint length, int protection, int flags, int fd, long offset);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int munmap(void* address, nuint length);
}
