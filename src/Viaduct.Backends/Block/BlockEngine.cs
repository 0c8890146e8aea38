namespace Viaduct.Backends.Block;

/// <summary>How a file's requests reach the kernel.</summary>
public enum BlockEngine
{
    /// <summary>io_uring where the host allows it, else threads.</summary>
    Auto,

    /// <summary>io_uring: many requests a system call, completions without a thread each.</summary>
    IoUring,

    /// <summary>Threads that block in ordinary system calls.</summary>
    Threads,
}
