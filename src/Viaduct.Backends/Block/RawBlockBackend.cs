using Viaduct.Backends.Block.Raw;
using Viaduct.Backends.Block.Uring;

namespace Viaduct.Backends.Block;

/// <summary>A raw disk: the bytes of a regular file or of a block device as they are.</summary>
public sealed class RawBlockBackend : IBlockBackend
{
    private readonly RawFile _file;

    private RawBlockBackend(RawFile file, BlockEngine engine, IReadOnlyList<string> notes)
    {
        _file = file;
        Engine = engine;
        Notes = notes;
    }

    /// <inheritdoc/>
    public event Action? LengthChanged;

    /// <inheritdoc/>
    public ulong Length => _file.Length;

    /// <inheritdoc/>
    public int LogicalBlockSize => _file.BlockSize;

    /// <inheritdoc/>
    public int PhysicalBlockSize => _file.PhysicalBlockSize;

    /// <inheritdoc/>
    public bool ReadOnly => _file.ReadOnly;

    /// <inheritdoc/>
    public bool CanDiscard => _file.CanDiscard;

    /// <summary>The engine in use: never <see cref="BlockEngine.Auto"/>.</summary>
    public BlockEngine Engine { get; }

    /// <summary>Whether requests go around the host's page cache.</summary>
    public bool Direct => _file.Direct;

    /// <summary>What was asked for and the host doesn't give, a sentence each; for the user.</summary>
    public IReadOnlyList<string> Notes { get; }

    /// <summary>How often the host's kernel has made this disk's writes durable.</summary>
    public long Syncs => _file.Syncs;

    /// <summary>Opens a disk, locks it and chooses the engine.</summary>
    /// <exception cref="BlockOpenException">It doesn't exist, is in use, has no whole number of blocks, or the engine that was asked for is not allowed.</exception>
    public static RawBlockBackend Open(RawBlockOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        List<string> notes = [];
        BlockEngine engine = options.Engine;
        if (engine != BlockEngine.Threads)
        {
            IoUringSupport support = IoUringSupport.Current;
            if (!support.Usable && engine == BlockEngine.IoUring)
            {
                throw new BlockOpenException(options.Path, $"io_uring was asked for, but {support.Reason}; {support.Remedy}");
            }

            if (!support.Usable)
            {
                notes.Add($"disk '{options.Path}' uses threads, because {support.Reason}");
            }

            engine = support.Usable ? BlockEngine.IoUring : BlockEngine.Threads;
        }

        return new RawBlockBackend(RawFile.Open(options, notes), engine, notes);
    }

    /// <inheritdoc/>
    public IBlockQueue OpenQueue(int depth)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(depth, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(depth, UringQueue.MaximumDepth);
        return Engine == BlockEngine.IoUring ? new UringQueue(_file, depth) : new ThreadedQueue(_file, depth);
    }

    /// <summary>Looks at the file's length again, after someone else changed it, and says so to the devices.</summary>
    public void Refresh()
    {
        if (_file.RefreshLength())
        {
            LengthChanged?.Invoke();
        }
    }

    /// <summary>Makes the file longer or shorter; a block device can't be.</summary>
    /// <param name="length">Bytes, a multiple of <see cref="LogicalBlockSize"/>, not zero.</param>
    /// <exception cref="Viaduct.Platform.Host.HostException">The host refused.</exception>
    public void Resize(ulong length)
    {
        _file.Resize(length);
        Refresh();
    }

    /// <summary>Closes the file; queues must be disposed before.</summary>
    public void Dispose() => _file.Dispose();
}
