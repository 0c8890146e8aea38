using Viaduct.Emulated.Nvme;

namespace Viaduct.Sriov;

/// <summary>What is to become of a function; null stays as it is.</summary>
public sealed record FunctionChange
{
    private const long MostBurst = 60_000;

    /// <summary>I/O commands a second; 0 for any number.</summary>
    public long? Iops { get; init; }

    /// <summary>Bytes a second; 0 for any number.</summary>
    public long? Bandwidth { get; init; }

    /// <summary>Milliseconds for which it saves up while it is idle; 0 to 60000.</summary>
    public long? Burst { get; init; }

    /// <summary>Whether a driver can use its controller.</summary>
    public bool? Online { get; init; }

    /// <summary>Whether it is about speed.</summary>
    internal bool Limits => (Iops ?? Bandwidth ?? Burst) is not null;

    /// <summary>What is wrong with it, for people; null when it can be.</summary>
    internal string? Problem() =>
        Iops < 0 ? $"{Iops} operations a second can't be"
        : Bandwidth < 0 ? $"{Bandwidth} bytes a second can't be"
        : Burst is < 0 or > MostBurst ? $"a burst of {Burst} ms isn't one of 0 to {MostBurst} ms"
        : !Limits && Online is null ? "nothing is to be set: give iops, bandwidth, burst or online"
        : null;

    /// <summary>A limit with what is given here; null where it limits nothing.</summary>
    internal NvmeRateLimit? Apply(NvmeRateLimit? limit)
    {
        limit ??= new NvmeRateLimit();
        limit = limit with
        {
            OperationsPerSecond = Iops ?? limit.OperationsPerSecond,
            BytesPerSecond = Bandwidth ?? limit.BytesPerSecond,
            Burst = Burst is { } milliseconds ? TimeSpan.FromMilliseconds(milliseconds) : limit.Burst,
        };
        return limit is { OperationsPerSecond: 0, BytesPerSecond: 0 } ? null : limit;
    }
}
