namespace Viaduct.Cli.Bench;

/// <summary>A bench's report, as <c>--json</c> writes it.</summary>
internal sealed record BenchReport
{
    /// <summary>Its name.</summary>
    public required string Bench { get; init; }

    /// <summary>What ran the guest.</summary>
    public required string Engine { get; init; }

    /// <summary>Where it was measured.</summary>
    public required BenchMachine Machine { get; init; }

    /// <summary>The figures.</summary>
    public required IReadOnlyList<BenchResult> Results { get; init; }
}
