using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Viaduct.Sriov.Host.Interop;

/// <summary>The C library's sockets as netlink (netlink(7)) needs them; names and constants are C's.</summary>
internal static unsafe partial class NetlinkCalls
{
    internal const int AF_NETLINK = 16;
    internal const int SOCK_RAW = 3;
    internal const int SOCK_CLOEXEC = 0x80000;
    internal const int NETLINK_ROUTE = 0;
    internal const int SOL_SOCKET = 1;
    internal const int SO_RCVTIMEO = 20;
    internal const int SOL_NETLINK = 270;
    internal const int NETLINK_CAP_ACK = 10;
    internal const int NETLINK_EXT_ACK = 11;
    internal const int MSG_PEEK = 2;
    internal const int MSG_TRUNC = 0x20;
    internal const int EINTR = 4;
    internal const int EBADMSG = 74;

    /// <summary>struct sockaddr_nl; all zero but the family is the kernel, or an address of its choice.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct Address
    {
        internal ushort Family;
        internal ushort Padding;
        internal uint Port;
        internal uint Groups;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct TimeValue
    {
        internal long Seconds;
        internal long Microseconds;
    }

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int socket(int domain, int type, int protocol);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int setsockopt(SafeFileHandle socket, int level, int option, void* value, uint length);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int bind(SafeFileHandle socket, Address* address, uint length);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint sendto(SafeFileHandle socket, byte* bytes, nuint count, int flags, Address* address, uint length);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint recvfrom(SafeFileHandle socket, byte* bytes, nuint count, int flags, Address* address, uint* length);
}
