namespace Viaduct.Platform.Accounting;

/// <summary>Frames of a device at one moment, or, as a difference of two, over a span of work.</summary>
public readonly record struct NetworkCounts
{
    /// <summary>Frames that the guest sent and that went on.</summary>
    public long SentFrames { get; init; }

    /// <summary>Their bytes.</summary>
    public long SentBytes { get; init; }

    /// <summary>Frames that the guest got.</summary>
    public long ReceivedFrames { get; init; }

    /// <summary>Their bytes.</summary>
    public long ReceivedBytes { get; init; }

    /// <summary>Frames of either direction that went no further.</summary>
    public long DroppedFrames { get; init; }

    /// <summary>What was counted between two readings.</summary>
    public static NetworkCounts operator -(NetworkCounts later, NetworkCounts earlier) => Subtract(later, earlier);

    /// <inheritdoc cref="op_Subtraction"/>
    public static NetworkCounts Subtract(NetworkCounts later, NetworkCounts earlier) => new()
    {
        SentFrames = later.SentFrames - earlier.SentFrames,
        SentBytes = later.SentBytes - earlier.SentBytes,
        ReceivedFrames = later.ReceivedFrames - earlier.ReceivedFrames,
        ReceivedBytes = later.ReceivedBytes - earlier.ReceivedBytes,
        DroppedFrames = later.DroppedFrames - earlier.DroppedFrames,
    };

    /// <summary>What was counted over two spans together.</summary>
    public static NetworkCounts operator +(NetworkCounts left, NetworkCounts right) => Add(left, right);

    /// <inheritdoc cref="op_Addition"/>
    public static NetworkCounts Add(NetworkCounts left, NetworkCounts right) => new()
    {
        SentFrames = left.SentFrames + right.SentFrames,
        SentBytes = left.SentBytes + right.SentBytes,
        ReceivedFrames = left.ReceivedFrames + right.ReceivedFrames,
        ReceivedBytes = left.ReceivedBytes + right.ReceivedBytes,
        DroppedFrames = left.DroppedFrames + right.DroppedFrames,
    };
}
