using Spectre.Console;

namespace Viaduct.Cli.Bench.Workloads;

/// <summary>The workloads' report, from the subjects' samples.</summary>
internal sealed class WorkloadReport
{
    private const string Unit = "ms";
    private const string RatioUnit = "ratio";
    private const string BootTitle = "command to init";
    private const string MeanTitle = "geometric mean of all but the boot";

    private readonly IReadOnlyList<Workload> _workloads;
    private readonly WorkloadSubject _own;
    private readonly WorkloadSubject? _peer;
    private readonly WorkloadSubject _native;
    private readonly string _engine;
    private readonly BenchMachine _machine = BenchMachine.Here();

    /// <param name="engine">The engine of our guest.</param>
    /// <param name="workloads">What was run.</param>
    /// <param name="own">Our guest.</param>
    /// <param name="peer">The peer's guest, or null.</param>
    /// <param name="native">The host itself.</param>
    internal WorkloadReport(string engine, IReadOnlyList<Workload> workloads, WorkloadSubject own, WorkloadSubject? peer, WorkloadSubject native)
    {
        _engine = engine;
        _workloads = workloads;
        _own = own;
        _peer = peer;
        _native = native;
    }

    /// <summary>As <c>--json</c> writes it.</summary>
    internal BenchReport ToBenchReport() => new()
    {
        Bench = "engine",
        Engine = _engine,
        Machine = _machine,
        Results =
        [
            .. Rows(Seconds, ""),
            .. Rows(Cpu, ": CPU"),
            .. _workloads.Select(workload => BenchResult.From($"{workload.Title}: native", Unit, _native.Samples(workload).Select(Seconds))),
        ],
    };

    /// <summary>For people.</summary>
    internal void Write()
    {
        Table table = BenchTable.Create("workload", _peer is null ? ["ms", "least – most", "CPU", "native"] : ["ms", "least – most", "peer's", "least – most", "ratio", "CPU ratio", "native"]);
        foreach ((BenchResult time, BenchResult cpu) in Rows(Seconds, "").Zip(Rows(Cpu, "")))
        {
            Workload? workload = _workloads.FirstOrDefault(workload => workload.Title == time.Name);
            string native = workload is null ? "" : BenchTable.Number(BenchResult.From("", Unit, _native.Samples(workload).Select(Seconds)).Value);
            string value = time.Unit == RatioUnit ? "" : BenchTable.Number(time.Value);
            string spread = time.Unit == RatioUnit ? "" : BenchTable.Spread(time.Spread);
            if (_peer is null)
            {
                table.AddRow(time.Name, value, spread, BenchTable.Number(cpu.Value), native);
            }
            else if (time is { PeerValue: { } peer, PeerSpread: { } peerSpread })
            {
                table.AddRow(time.Name, value, spread, BenchTable.Number(peer), BenchTable.Spread(peerSpread), Ratio(time), Ratio(cpu), native);
            }
            else
            {
                table.AddRow(time.Name, "", "", "", "", BenchTable.Fraction(time.Value), BenchTable.Fraction(cpu.Value), "");
            }
        }

        BenchTable.Write(table);
        if (_peer is not null)
        {
            System.Console.Out.WriteLine($"peer: {_peer.Title}; native: busybox on the host");
        }

        BenchTable.WriteMachine(_machine);
    }

    private static double Seconds(WorkloadSample sample) => sample.Seconds * 1000;

    private static double Cpu(WorkloadSample sample) => sample.CpuSeconds * 1000;

    private static string Ratio(BenchResult result) => result.Ratio is { } ratio ? BenchTable.Fraction(ratio) : "";

    private List<BenchResult> Rows(Func<WorkloadSample, double> figure, string suffix)
    {
        List<BenchResult> rows = [Row(BootTitle + suffix, subject => subject.Starts)];
        double logarithms = 0;
        foreach (Workload workload in _workloads)
        {
            BenchResult row = Row(workload.Title + suffix, subject => subject.Samples(workload));
            logarithms += Math.Log(row.Ratio ?? 1);
            rows.Add(row);
        }

        if (_peer is not null && _workloads.Count != 0)
        {
            rows.Add(BenchResult.From(MeanTitle + suffix, RatioUnit, [Math.Exp(logarithms / _workloads.Count)]));
        }

        return rows;

        BenchResult Row(string name, Func<WorkloadSubject, IEnumerable<WorkloadSample>> samples)
        {
            BenchResult own = BenchResult.From(name, Unit, samples(_own).Select(figure));
            return _peer is null ? own : own.Beside(_peer.Title, samples(_peer).Select(figure));
        }
    }
}
