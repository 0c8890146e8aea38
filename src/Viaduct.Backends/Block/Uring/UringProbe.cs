using System.Runtime.InteropServices;
using Viaduct.Backends.Interop;
using Viaduct.Platform.Host;

namespace Viaduct.Backends.Block.Uring;

/// <summary>Finds out whether io_uring can be used, by using it.</summary>
internal static unsafe class UringProbe
{
    private const int Operations = 64;
    private const int HeaderLength = 16;
    private const int OperationLength = 8;
    private const int LastOperation = 0;
    private const int FlagsInOperation = 2;

    internal static IoUringSupport Run()
    {
        try
        {
            using Ring ring = Ring.Create(1);
            return HasOperations(ring)
                ? new IoUringSupport { Usable = true }
                : Without("this kernel's io_uring is too old", "use Linux 5.6 or later");
        }
        catch (HostException e) when (e.Errno == Errno.ENOSYS)
        {
            return Without("this kernel has no io_uring", "use Linux 5.6 or later, built with CONFIG_IO_URING");
        }
        catch (HostException e) when (e.Errno is Errno.EPERM or Errno.EACCES)
        {
            return Without(
                "io_uring is not allowed here",
                "set sysctl kernel.io_uring_disabled=0, or let the container's seccomp profile pass io_uring_setup, io_uring_enter and io_uring_register");
        }
        catch (HostException e) when (e.Errno == Errno.ENOMEM)
        {
            return Without("io_uring may not lock memory", "raise the limit on locked memory (ulimit -l)");
        }
        catch (HostException e)
        {
            return Without(e.Message, "see the kernel's log");
        }
    }

    private static IoUringSupport Without(string reason, string remedy) =>
        new() { Usable = false, Reason = reason, Remedy = remedy };

    /// <summary>Asks with IORING_REGISTER_PROBE (Linux 5.6): a 16-byte header whose first byte is the last operation, then 8 bytes an operation.</summary>
    private static bool HasOperations(Ring ring)
    {
        byte* probe = stackalloc byte[HeaderLength + (Operations * OperationLength)];
        new Span<byte>(probe, HeaderLength + (Operations * OperationLength)).Clear();
        nint result = UringCalls.syscall(
            UringCalls.SYS_io_uring_register, ring.Descriptor, (void*)UringCalls.IORING_REGISTER_PROBE, (nint)probe, Operations);
        if (result < 0)
        {
            return false;
        }

        ReadOnlySpan<byte> needed =
        [
            UringCalls.IORING_OP_READV, UringCalls.IORING_OP_WRITEV, UringCalls.IORING_OP_FSYNC,
            UringCalls.IORING_OP_FALLOCATE, UringCalls.IORING_OP_READ,
        ];
        foreach (byte operation in needed)
        {
            byte* entry = probe + HeaderLength + (operation * OperationLength);
            ushort flags = MemoryMarshal.Read<ushort>(new ReadOnlySpan<byte>(entry + FlagsInOperation, sizeof(ushort)));
            if (operation > probe[LastOperation] || (flags & UringCalls.IO_URING_OP_SUPPORTED) == 0)
            {
                return false;
            }
        }

        return true;
    }
}
