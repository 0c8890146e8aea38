namespace Viaduct.Backends.Block;

/// <summary>A disk can't be opened; the message names it, the reason and what to do.</summary>
public sealed class BlockOpenException : IOException
{
    /// <param name="path">The disk as the user named it.</param>
    /// <param name="reason">Why not, and what to do.</param>
    public BlockOpenException(string path, string reason)
        : base($"disk '{path}': {reason}") => Path = path;

    /// <summary>The disk as the user named it.</summary>
    public string Path { get; }
}
