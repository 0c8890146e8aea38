namespace Viaduct.Cli.Lab.Specification;

/// <summary>How fast a function of a shared device may be; null for as fast as it can.</summary>
internal sealed record LabLimit
{
    /// <summary>The longest time that an idle function saves up for, in milliseconds.</summary>
    internal const int MaxBurst = 60_000;

    /// <summary>The virtual function, from 1, or 0 for the physical one.</summary>
    internal required int Function { get; init; }

    /// <summary>I/O commands a second.</summary>
    internal long? Iops { get; init; }

    /// <summary>Bytes a second.</summary>
    internal long? Bandwidth { get; init; }

    /// <summary>Milliseconds for which it saves up while it is idle.</summary>
    internal int? Burst { get; init; }
}
