namespace Viaduct.Cli.Bench;

/// <summary>One figure of a bench.</summary>
internal sealed record BenchResult
{
    /// <summary>What is measured.</summary>
    public required string Name { get; init; }

    /// <summary>The value's unit.</summary>
    public required string Unit { get; init; }

    /// <summary>The median of the runs.</summary>
    public required double Value { get; init; }

    /// <summary>The least and the greatest of the runs.</summary>
    public required IReadOnlyList<double> Spread { get; init; }

    /// <summary>Whose value stands beside it, where there is a peer.</summary>
    public string? Peer { get; init; }

    /// <summary>The median of the peer's runs, which alternated with these.</summary>
    public double? PeerValue { get; init; }

    /// <summary>The least and the greatest of the peer's runs.</summary>
    public IReadOnlyList<double>? PeerSpread { get; init; }

    /// <summary>Value over the peer's value.</summary>
    public double? Ratio { get; init; }

    /// <summary>Makes one of the values of several runs.</summary>
    internal static BenchResult From(string name, string unit, IEnumerable<double> values)
    {
        double[] sorted = Sort(values);
        return new BenchResult { Name = name, Unit = unit, Value = Median(sorted), Spread = [sorted[0], sorted[^1]] };
    }

    /// <summary>The same beside a peer's values.</summary>
    internal BenchResult Beside(string peer, IEnumerable<double> values)
    {
        double[] sorted = Sort(values);
        double median = Median(sorted);
        return this with { Peer = peer, PeerValue = median, PeerSpread = [sorted[0], sorted[^1]], Ratio = median > 0 ? Math.Round(Value / median, 3) : null };
    }

    private static double[] Sort(IEnumerable<double> values) => [.. values.Select(value => Math.Round(value, 2)).Order()];

    private static double Median(double[] sorted)
    {
        int middle = sorted.Length / 2;
        return sorted.Length % 2 == 1 ? sorted[middle] : Math.Round((sorted[middle - 1] + sorted[middle]) / 2, 2);
    }
}
