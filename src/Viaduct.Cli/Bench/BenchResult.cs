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

    /// <summary>Makes one of the values of several runs.</summary>
    internal static BenchResult From(string name, string unit, IEnumerable<double> values)
    {
        double[] sorted = [.. values.Select(value => Math.Round(value, 2)).Order()];
        int middle = sorted.Length / 2;
        return new BenchResult
        {
            Name = name,
            Unit = unit,
            Value = sorted.Length % 2 == 1 ? sorted[middle] : Math.Round((sorted[middle - 1] + sorted[middle]) / 2, 2),
            Spread = [sorted[0], sorted[^1]],
        };
    }
}
