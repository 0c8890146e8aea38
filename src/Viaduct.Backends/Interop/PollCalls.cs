using System.Runtime.InteropServices;

namespace Viaduct.Backends.Interop;

/// <summary>The C library's ppoll.</summary>
internal static unsafe partial class PollCalls
{
    internal const short POLLIN = 1;
    internal const short POLLOUT = 4;

    /// <summary>struct pollfd.</summary>
    internal struct PollFd
    {
        internal int Fd;
        internal short Events;
        internal short Returned;
    }

    /// <summary>struct timespec.</summary>
    internal struct Timespec
    {
        internal long Seconds;
        internal long Nanoseconds;
    }

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int ppoll(PollFd* fds, nuint count, Timespec* timeout, void* signals);
}
