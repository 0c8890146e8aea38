using Viaduct.Cli.Bench.Disk;
using Viaduct.Machine.Specification;

namespace Viaduct.Cli.Bench.Workloads;

/// <summary>What the workloads' bench is asked for.</summary>
internal sealed record WorkloadOptions
{
    /// <summary>What to run.</summary>
    public required IReadOnlyList<Workload> Workloads { get; init; }

    /// <summary>The peer, or null for none.</summary>
    public QemuProgram? Peer { get; init; }

    /// <summary>How often.</summary>
    public int Runs { get; init; } = 3;

    /// <summary>Processors of the guests.</summary>
    public int Cpus { get; init; } = 1;

    /// <summary>What runs our guests.</summary>
    public required EngineChoice Engine { get; init; }

    /// <summary>How it runs code, as the command line names it.</summary>
    public required string Tier { get; init; }

    /// <summary>Where the guests' consoles go, or null.</summary>
    public TextWriter? Verbose { get; init; }
}
