namespace Viaduct.Cli.Bench.Disk;

/// <summary>One run of a load on several virtual functions at the same time.</summary>
/// <param name="Guests">How many guests, each with a virtual function.</param>
/// <param name="Load">The load.</param>
/// <param name="Rates">What each guest had, in the load's unit.</param>
internal sealed record TogetherSample(int Guests, DiskLoad Load, IReadOnlyList<double> Rates)
{
    /// <summary>What all had together.</summary>
    internal double Sum => Rates.Sum();

    /// <summary>What the slowest had for each that the fastest had: one is fair.</summary>
    internal double Fairness => Rates.Min() / Rates.Max();
}
