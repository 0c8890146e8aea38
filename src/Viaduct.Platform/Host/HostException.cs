using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Viaduct.Platform.Host;

/// <summary>A call to the host's kernel failed: which call, on what, and the errno.</summary>
public sealed class HostException : IOException
{
    /// <param name="operation">The call and its object, e.g. <c>"mmap 512 MiB of guest memory"</c>.</param>
    /// <param name="errno">The error number that the kernel gave.</param>
    public HostException(string operation, int errno)
        : base($"{operation}: {new Win32Exception(errno).Message} (errno {errno})")
    {
        Operation = operation;
        Errno = errno;
    }

    /// <summary>What was attempted.</summary>
    public string Operation { get; }

    /// <summary>The kernel's error number.</summary>
    public int Errno { get; }

    /// <summary>Makes the exception for the call that has just failed on this thread.</summary>
    public static HostException Last(string operation) => new(operation, Marshal.GetLastPInvokeError());
}
