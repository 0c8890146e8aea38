namespace Viaduct.Emulated.Nvme;

/// <summary>How fast a controller may work. What it saved up in idle time it may use in a burst.</summary>
public sealed record NvmeRateLimit
{
    /// <summary>I/O commands a second; 0 for any number.</summary>
    public long OperationsPerSecond { get; init; }

    /// <summary>Bytes read and written a second; 0 for any number.</summary>
    public long BytesPerSecond { get; init; }

    /// <summary>The time for which an idle controller saves up.</summary>
    public TimeSpan Burst { get; init; } = TimeSpan.FromMilliseconds(100);
}
