namespace Viaduct.Paravirtual.Queues;

/// <summary>
/// Where the device is in a queue, all that has to be kept to go on with it elsewhere. Split rings: free-running
/// indexes. Packed rings: the place in bits 0 to 14 and the wrap counter in bit 15.
/// </summary>
/// <param name="Available">The next chain to take.</param>
/// <param name="Used">The next place to return one.</param>
public readonly record struct QueueState(ushort Available, ushort Used)
{
    /// <summary>A split ring that was just made.</summary>
    public static QueueState SplitStart => default;

    /// <summary>A packed ring that was just made: both wrap counters are one (virtio 1.2, 2.8.1).</summary>
    public static QueueState PackedStart => new(0x8000, 0x8000);
}
