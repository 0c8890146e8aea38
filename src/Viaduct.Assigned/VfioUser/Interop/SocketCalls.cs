using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Viaduct.Platform.Host;

[assembly: DisableRuntimeMarshalling]

namespace Viaduct.Assigned.VfioUser.Interop;

/// <summary>The C library's UNIX sockets, with descriptors passed beside the bytes; names and constants are C's.</summary>
internal static unsafe partial class SocketCalls
{
    internal const int AF_UNIX = 1;
    internal const int SOCK_STREAM = 1;
    internal const int SOCK_CLOEXEC = 0x80000;
    internal const int SOL_SOCKET = 1;
    internal const int SO_PEERCRED = 17;
    internal const int SO_RCVTIMEO = 20;
    internal const int SO_SNDTIMEO = 21;
    internal const int SCM_RIGHTS = 1;
    internal const int MSG_NOSIGNAL = 0x4000;
    internal const int MSG_CTRUNC = 0x8;
    internal const int MSG_CMSG_CLOEXEC = 0x40000000;
    internal const int SHUT_RDWR = 2;
    internal const int EINTR = 4;
    internal const int ENXIO = 6;
    internal const int ENFILE = 23;
    internal const int EMFILE = 24;
    internal const int EADDRINUSE = 98;
    internal const int ECONNABORTED = 103;
    internal const int O_NONBLOCK_CLOEXEC = 0x80800;
    internal const int ECONNREFUSED = 111;
    internal const short POLLIN = 0x1;
    internal const short POLLHUP = 0x10;
    internal const short POLLRDHUP = 0x2000;

    [StructLayout(LayoutKind.Sequential)]
    internal struct UnixAddress
    {
        internal const int PathLength = 108;

        internal ushort Family;
        internal fixed byte Path[PathLength];

        /// <exception cref="HostException">The path is longer than a socket's can be.</exception>
        internal static UnixAddress Of(string path)
        {
            byte[] bytes = Encoding.UTF8.GetBytes(path);
            if (bytes.Length is 0 or >= PathLength)
            {
                const int NameTooLong = 36;
                throw new HostException($"the socket {path}", NameTooLong);
            }

            UnixAddress address = new() { Family = AF_UNIX };
            bytes.CopyTo(new Span<byte>(address.Path, PathLength));
            return address;
        }
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct IoVector
    {
        internal void* Base;
        internal nuint Length;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct MessageVector
    {
        internal void* Name;
        internal uint NameLength;
        internal IoVector* Vectors;
        internal nuint VectorCount;
        internal void* Control;
        internal nuint ControlLength;
        internal int Flags;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct ControlHeader
    {
        internal nuint Length;
        internal int Level;
        internal int Type;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct TimeValue
    {
        internal long Seconds;
        internal long Microseconds;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct PollEntry
    {
        internal int Descriptor;
        internal short Events;
        internal short Returned;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct Credentials
    {
        internal int Process;
        internal uint User;
        internal uint Group;
    }

    /// <exception cref="HostException">The process has no descriptor left.</exception>
    internal static SafeFileHandle NewSocket()
    {
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        return fd < 0 ? throw HostException.Last("socket") : new SafeFileHandle(fd, ownsHandle: true);
    }

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int socket(int domain, int type, int protocol);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int socketpair(int domain, int type, int protocol, int* sockets);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int connect(SafeFileHandle socket, UnixAddress* address, uint length);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int setsockopt(SafeFileHandle socket, int level, int option, void* value, uint length);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int open(string path, int flags);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int bind(SafeFileHandle socket, UnixAddress* address, uint length);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int listen(SafeFileHandle socket, int backlog);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int accept4(SafeFileHandle socket, void* address, void* length, int flags);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int getsockopt(SafeFileHandle socket, int level, int option, void* value, uint* length);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int poll(PollEntry* entries, nuint count, int milliseconds);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint sendmsg(SafeFileHandle socket, MessageVector* message, int flags);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint recvmsg(SafeFileHandle socket, MessageVector* message, int flags);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int shutdown(SafeFileHandle socket, int how);
}
