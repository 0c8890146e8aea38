using Viaduct.Platform.Accounting;

namespace Viaduct.Cli.Bench.Disk;

/// <summary>The disk bench's report, from the subjects' samples.</summary>
internal sealed class DiskReport
{
    private readonly IReadOnlyList<DiskSubject> _roads;
    private readonly IReadOnlyList<TogetherSample> _together;
    private readonly string _engine;
    private readonly BenchMachine _machine;

    /// <param name="engine">What ran our guests.</param>
    /// <param name="folder">Where the images lie.</param>
    /// <param name="roads">Our disks, with the peer's beside them.</param>
    /// <param name="together">What guests of one controller had at the same time.</param>
    internal DiskReport(string engine, string folder, IReadOnlyList<DiskSubject> roads, IReadOnlyList<TogetherSample> together)
    {
        _together = together;
        _engine = engine;
        _roads = roads;
        _machine = BenchMachine.Here() with { Storage = $"{Path.GetDirectoryName(folder)} on {new DriveInfo(folder).DriveFormat}, page cache" };
    }

    /// <summary>Where it was measured.</summary>
    internal BenchMachine Machine => _machine;

    /// <summary>The roads by name, and what stands beside each, or null.</summary>
    internal IEnumerable<(string Road, string? Peer)> Roads => _roads.Select(road => (road.Title, road.Peer?.Title));

    /// <summary>For people.</summary>
    internal IEnumerable<DiskRow> Rows => DiskLoad.All.SelectMany(load => _roads.Select(road => Row(load, road)));

    /// <summary>What guests of one controller had at the same time: all together, and the slowest for each of the fastest.</summary>
    internal IEnumerable<(BenchResult Sum, BenchResult Fairness)> Together =>
        from sample in _together
        group sample by (sample.Load, sample.Guests) into runs
        let name = $"shared by {runs.Key.Guests}: {runs.Key.Load.Title}: "
        select (
            BenchResult.From(name + "all together", runs.Key.Load.Unit, runs.Select(run => run.Sum)),
            BenchResult.From(name + "slowest guest by fastest", "ratio", runs.Select(run => run.Fairness)));

    private IEnumerable<DiskSubject> Peers => _roads.Select(road => road.Peer).OfType<DiskSubject>().Distinct();

    /// <summary>As <c>--json</c> writes it.</summary>
    internal BenchReport ToBenchReport() => new()
    {
        Bench = "disk",
        Engine = _engine,
        Machine = _machine,
        Results =
        [
            .. DiskLoad.All.SelectMany(load => _roads.Select(road => Speed(load, road))),
            .. DiskLoad.All.SelectMany(load => _roads.SelectMany(road => Costs(load, road))),
            .. Together.SelectMany(together => (BenchResult[])[together.Sum, together.Fairness]),
            Clock("guest's clock", _roads),
            .. Peers.Any() ? [Clock("peer's guest's clock", Peers)] : (BenchResult[])[],
        ],
    };

    private static DiskRow Row(DiskLoad load, DiskSubject road)
    {
        BenchResult[] costs = [.. Costs(load, road)];
        return costs.Length == 0
            ? new DiskRow(Speed(load, road), double.NaN, double.NaN, double.NaN)
            : new DiskRow(Speed(load, road), costs[0].Value, costs[1].Value, costs[2].Value);
    }

    private static BenchResult Speed(DiskLoad load, DiskSubject road)
    {
        BenchResult own = BenchResult.From($"{road.Title}: {load.Title}", load.Unit, Rates(load, road));
        return road.Peer is { } peer ? own.Beside(peer.Title, Rates(load, peer)) : own;
    }

    private static IEnumerable<double> Rates(DiskLoad load, DiskSubject subject) =>
        subject.Samples(load).Select(sample => load.Rate(sample.Figures));

    private static IEnumerable<BenchResult> Costs(DiskLoad load, DiskSubject subject)
    {
        string name = $"{subject.Title}: {load.Title}: ";
        IReadOnlyList<DeviceCounts> counts = [.. subject.Samples(load).Select(sample => sample.Counts).OfType<DeviceCounts>().Where(count => count.Requests > 0)];
        return counts.Count == 0
            ? []
            :
            [
                BenchResult.From(name + "exits a request", "exits", counts.Select(count => (double)count.Exits / count.Requests)),
                BenchResult.From(name + "interrupts a request", "interrupts", counts.Select(count => (double)count.Interrupts / count.Requests)),
                BenchResult.From(name + "monitor CPU a request", "µs", counts.Select(count => count.MonitorCpu.TotalMicroseconds / count.Requests)),
            ];
    }

    private static BenchResult Clock(string name, IEnumerable<DiskSubject> subjects) =>
        BenchResult.From(name, "s per s of the host's", subjects.SelectMany(subject => subject.AllSamples).Select(sample => sample.Figures.Clock));
}
