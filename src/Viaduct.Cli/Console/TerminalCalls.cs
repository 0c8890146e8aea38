using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

[assembly: DisableRuntimeMarshalling]

namespace Viaduct.Cli.Console;

/// <summary>The C library's calls for terminals and for reading them.</summary>
internal static unsafe partial class TerminalCalls
{
    internal const int StandardInput = 0;
    internal const int StandardOutput = 1;
    internal const int TCSANOW = 0;
    internal const nuint TIOCGWINSZ = 0x5413;
    internal const short POLLIN = 1;

    /// <summary>struct termios of Linux's C libraries, 60 bytes; only ever filled and passed back.</summary>
    [InlineArray(64)]
    internal struct Termios
    {
        private byte _first;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct PollFd
    {
        internal int Fd;
        internal short Events;
        internal short Returned;
    }

    /// <summary>struct winsize.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct WindowSize
    {
        internal ushort Rows;
        internal ushort Columns;
        internal ushort Width;
        internal ushort Height;
    }

    [LibraryImport("libc")]
    internal static partial int ioctl(int fd, nuint request, WindowSize* size);

    [LibraryImport("libc")]
    internal static partial int isatty(int fd);

    [LibraryImport("libc")]
    internal static partial int tcgetattr(int fd, Termios* settings);

    [LibraryImport("libc")]
    internal static partial int tcsetattr(int fd, int when, Termios* settings);

    [LibraryImport("libc")]
    internal static partial void cfmakeraw(Termios* settings);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint read(int fd, void* buffer, nuint count);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint write(int fd, void* buffer, nuint count);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int poll(PollFd* fds, nuint count, int timeoutMilliseconds);
}
