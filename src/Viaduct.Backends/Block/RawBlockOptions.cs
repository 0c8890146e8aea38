namespace Viaduct.Backends.Block;

/// <summary>How a raw disk is opened.</summary>
public sealed record RawBlockOptions
{
    /// <summary>A regular file or a block device that exists.</summary>
    public required string Path { get; init; }

    /// <summary>Refuses writes; several monitors may then share the file.</summary>
    public bool ReadOnly { get; init; }

    /// <summary>Goes around the host's page cache (<c>O_DIRECT</c>), where the file system can.</summary>
    public bool Direct { get; init; }

    /// <summary>How requests reach the kernel.</summary>
    public BlockEngine Engine { get; init; }

    /// <summary>Holds a lock, so that no second monitor writes to the same disk. Two writers destroy a file system: leave it on.</summary>
    public bool Lock { get; init; } = true;
}
