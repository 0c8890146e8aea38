using System.Runtime.CompilerServices;

namespace Viaduct.Platform.Accounting;

/// <summary>The frames of one queue of a network device, or of one port of a switch. All methods are for any thread and allocate nothing.</summary>
public sealed class NetworkCounters
{
    private long _sentFrames;
    private long _sentBytes;
    private long _receivedFrames;
    private long _receivedBytes;
    private Drops _drops;

    /// <param name="name">Which queue or port: for people.</param>
    public NetworkCounters(string name) => Name = name;

    /// <summary>Which queue or port.</summary>
    public string Name { get; }

    /// <summary>The guest sent a frame, and it went on.</summary>
    /// <param name="bytes">Its length; a large one that is cut later counts once.</param>
    public void Sent(int bytes)
    {
        Interlocked.Increment(ref _sentFrames);
        Interlocked.Add(ref _sentBytes, bytes);
    }

    /// <summary>The guest got a frame.</summary>
    /// <param name="bytes">Its length.</param>
    public void Received(int bytes)
    {
        Interlocked.Increment(ref _receivedFrames);
        Interlocked.Add(ref _receivedBytes, bytes);
    }

    /// <summary>A frame of either direction was dropped.</summary>
    public void Dropped(DropReason reason) => Interlocked.Increment(ref _drops[(int)reason]);

    /// <summary>How many were dropped for a reason.</summary>
    public long DroppedFor(DropReason reason) => Interlocked.Read(ref _drops[(int)reason]);

    /// <summary>All counts as they stand.</summary>
    public NetworkCounts Read()
    {
        long dropped = 0;
        foreach (DropReason reason in Enum.GetValues<DropReason>())
        {
            dropped += DroppedFor(reason);
        }

        return new NetworkCounts
        {
            SentFrames = Interlocked.Read(ref _sentFrames),
            SentBytes = Interlocked.Read(ref _sentBytes),
            ReceivedFrames = Interlocked.Read(ref _receivedFrames),
            ReceivedBytes = Interlocked.Read(ref _receivedBytes),
            DroppedFrames = dropped,
        };
    }

    /// <summary>A count a reason.</summary>
    [InlineArray((int)DropReason.Failed + 1)]
    private struct Drops
    {
        private long _first;
    }
}
