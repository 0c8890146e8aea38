using Viaduct.Backends.Block.Uring;

namespace Viaduct.Backends.Block;

/// <summary>Whether this process may use io_uring, and if not why, and what would help.</summary>
public sealed record IoUringSupport
{
    private static readonly Lazy<IoUringSupport> _current = new(UringProbe.Run);

    /// <summary>This process on this host; asked once.</summary>
    public static IoUringSupport Current => _current.Value;

    /// <summary>Whether it can be used.</summary>
    public required bool Usable { get; init; }

    /// <summary>Why not; empty where it can.</summary>
    public string Reason { get; init; } = "";

    /// <summary>What the user can do about it; empty where it can be used.</summary>
    public string Remedy { get; init; } = "";
}
