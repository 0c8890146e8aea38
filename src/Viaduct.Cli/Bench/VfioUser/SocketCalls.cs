using System.Runtime.InteropServices;

namespace Viaduct.Cli.Bench.VfioUser;

/// <summary>The C library's calls for a bare pair of sockets.</summary>
internal static unsafe partial class SocketCalls
{
    internal const int AF_UNIX = 1;
    internal const int SOCK_STREAM_CLOEXEC = 0x80001;
    internal const int SHUT_RDWR = 2;

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int socketpair(int domain, int type, int protocol, int* sockets);

    [LibraryImport("libc")]
    internal static partial nint send(int socket, void* bytes, nint length, int flags);

    [LibraryImport("libc")]
    internal static partial nint recv(int socket, void* bytes, nint length, int flags);

    [LibraryImport("libc")]
    internal static partial int shutdown(int socket, int how);
}
