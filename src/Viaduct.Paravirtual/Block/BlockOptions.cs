namespace Viaduct.Paravirtual.Block;

/// <summary>What is chosen about a block device.</summary>
public sealed record BlockOptions
{
    /// <summary>The device's id, as the user named it; the worker's name, too.</summary>
    public required string Name { get; init; }

    /// <summary>What the guest sees as the disk's serial number; 20 bytes of it are kept.</summary>
    public string Serial { get; init; } = "";

    /// <summary>1 to 64: one a vCPU is best.</summary>
    public int Queues { get; init; } = 1;

    /// <summary>Descriptors a queue: a power of two, 4 to 1024. Two of them are header and status, so 254 segments by default.</summary>
    public ushort QueueSize { get; init; } = 256;

    /// <summary>Whether each queue has a thread of its own, rather than one thread for all.</summary>
    public bool WorkerPerQueue { get; init; } = true;
}
