namespace Viaduct.Backends.Block;

/// <summary>What a disk's bytes are kept in. Devices ask it for queues, one a worker thread.</summary>
public interface IBlockBackend : IDisposable
{
    /// <summary>Bytes; can change (<see cref="LengthChanged"/>).</summary>
    ulong Length { get; }

    /// <summary>The smallest unit of a request in bytes, a power of two, at least 512.</summary>
    int LogicalBlockSize { get; }

    /// <summary>The unit at which writes cost least, in bytes.</summary>
    int PhysicalBlockSize { get; }

    /// <summary>Whether writes are refused.</summary>
    bool ReadOnly { get; }

    /// <summary>Whether <see cref="BlockOperation.Discard"/> gives space back; where it doesn't, discard does nothing and succeeds.</summary>
    bool CanDiscard { get; }

    /// <summary>Told when <see cref="Length"/> changed. Any thread.</summary>
    event Action? LengthChanged;

    /// <summary>Opens a stream of requests for one worker thread.</summary>
    /// <param name="depth">How many requests may be under way at once.</param>
    IBlockQueue OpenQueue(int depth);
}
