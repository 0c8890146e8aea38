using Viaduct.Machine.Specification;
using Viaduct.Platform.Accounting;

namespace Viaduct.Cli.Bench.Disk;

/// <summary>What the disk bench is asked for.</summary>
internal sealed record DiskBenchOptions
{
    /// <summary>Roads to measure.</summary>
    public required IReadOnlyList<Road> Roads { get; init; }

    /// <summary>The peer, or null for none.</summary>
    public QemuProgram? Peer { get; init; }

    /// <summary>How many guests load a shared controller at the same time, one number after the other; none leaves that out.</summary>
    public IReadOnlyList<int> VirtualFunctions { get; init; } = [];

    /// <summary>How long each load runs.</summary>
    public int Seconds { get; init; } = 2;

    /// <summary>How often.</summary>
    public int Runs { get; init; } = 3;

    /// <summary>What runs our guests.</summary>
    public EngineChoice Engine { get; init; }

    /// <summary>Where the guests' consoles go, or null.</summary>
    public TextWriter? Verbose { get; init; }
}
