using Viaduct.Platform.Accounting;

namespace Viaduct.Cli.Bench.Disk;

/// <summary>The disk bench's report, from the subjects' samples.</summary>
internal sealed class DiskReport
{
    private readonly IReadOnlyList<DiskSubject> _roads;
    private readonly IReadOnlyList<DiskSubject> _peers;
    private readonly string _engine;
    private readonly BenchMachine _machine;

    /// <param name="engine">What ran our guests.</param>
    /// <param name="folder">Where the images lie.</param>
    /// <param name="roads">Our disks.</param>
    /// <param name="peers">The peer's disks, in the order of the roads they stand beside; fewer where there are none.</param>
    internal DiskReport(string engine, string folder, IReadOnlyList<DiskSubject> roads, IReadOnlyList<DiskSubject> peers)
    {
        _engine = engine;
        _roads = roads;
        _peers = peers;
        _machine = BenchMachine.Here() with { Storage = $"{Path.GetDirectoryName(folder)} on {new DriveInfo(folder).DriveFormat}, page cache" };
    }

    /// <summary>Where it was measured.</summary>
    internal BenchMachine Machine => _machine;

    /// <summary>The roads' names.</summary>
    internal IReadOnlyList<string> Roads => [.. _roads.Select(road => road.Title)];

    /// <summary>What stands beside each road, as long as there is something.</summary>
    internal IReadOnlyList<string> Peers => [.. _peers.Select(peer => peer.Title)];

    /// <summary>For people.</summary>
    internal IEnumerable<DiskRow> Rows =>
        from load in DiskLoad.All
        from index in Enumerable.Range(0, _roads.Count)
        select Row(load, index);

    /// <summary>As <c>--json</c> writes it.</summary>
    internal BenchReport ToBenchReport() => new()
    {
        Bench = "disk",
        Engine = _engine,
        Machine = _machine,
        Results =
        [
            .. DiskLoad.All.SelectMany(load => Enumerable.Range(0, _roads.Count).Select(index => Speed(load, index))),
            .. DiskLoad.All.SelectMany(load => _roads.SelectMany(road => Costs(load, road))),
            Clock("guest's clock", _roads),
            .. _peers.Count == 0 ? (BenchResult[])[] : [Clock("peer's guest's clock", _peers)],
        ],
    };

    private DiskRow Row(DiskLoad load, int index)
    {
        BenchResult[] costs = [.. Costs(load, _roads[index])];
        return costs.Length == 0
            ? new DiskRow(Speed(load, index), double.NaN, double.NaN, double.NaN)
            : new DiskRow(Speed(load, index), costs[0].Value, costs[1].Value, costs[2].Value);
    }

    private BenchResult Speed(DiskLoad load, int index)
    {
        DiskSubject road = _roads[index];
        BenchResult own = BenchResult.From($"{road.Title}: {load.Title}", load.Unit, Rates(load, road));
        return index < _peers.Count ? own.Beside(_peers[index].Title, Rates(load, _peers[index])) : own;
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
