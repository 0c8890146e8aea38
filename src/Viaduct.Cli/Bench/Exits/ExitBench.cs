using Viaduct.Engines.Kvm;
using Viaduct.Engines.Software;
using Viaduct.Platform.AddressSpaces;
using Viaduct.Platform.Engines;

namespace Viaduct.Cli.Bench.Exits;

/// <summary>
/// What it costs a guest to leave for the monitor, to ring a doorbell and to be interrupted: on KVM beside the least that
/// runs the same guest, turn by turn, and on the software engine.
/// </summary>
/// <param name="peer">The peer's program; null measures without it.</param>
/// <param name="onKvm">Whether there is a KVM to measure.</param>
/// <param name="runs">How often.</param>
/// <param name="milliseconds">How long a run takes about.</param>
internal sealed class ExitBench(string? peer, bool onKvm, int runs, int milliseconds)
{
    private const string PeerName = "C over KVM_RUN";
    private const int FirstCount = 200;

    private static readonly (ExitKind Kind, string Name, string SoftwareName)[] _kinds =
    [
        (ExitKind.PortWrite, "port write", "port write"),
        (ExitKind.MmioWrite, "MMIO write", "MMIO write"),
        (ExitKind.MmioRead, "MMIO read", "MMIO read"),
        (ExitKind.Doorbell, "doorbell by ioeventfd", "doorbell"),
        (ExitKind.Interrupt, "interrupt by irqfd", "interrupt"),
    ];

    /// <summary>Measures.</summary>
    /// <exception cref="IOException">A guest or the peer ended.</exception>
    internal BenchReport Run(Action<string> progress, CancellationToken cancellation)
    {
        List<BenchResult> results = [];
        foreach ((ExitKind kind, string name, string softwareName) in _kinds)
        {
            if (onKvm)
            {
                progress($"{name} on KVM");
                results.Add(MeasureKvm(kind, name, cancellation));
            }

            progress($"{softwareName} on the software engine");
            using ExitMachine software = new(kind, static (memory, ports) => new SoftwareEngine(memory, ports, 1));
            results.Add(BenchResult.From($"{softwareName}, software engine", "µs", Times(Count(software.Measure), cancellation, software.Measure)[0]));
        }

        return new BenchReport
        {
            Bench = "exits",
            Engine = onKvm ? "kvm" : "software",
            Machine = BenchMachine.Here(),
            Results = results,
        };
    }

    private BenchResult MeasureKvm(ExitKind kind, string name, CancellationToken cancellation)
    {
        using ExitMachine machine = new(kind, CreateKvm);
        int count = Count(machine.Measure);
        if (peer is null)
        {
            return BenchResult.From(name, "µs", Times(count, cancellation, machine.Measure)[0]);
        }

        string image = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(image, ExitGuest.Build(kind));
            using ExitPeer other = ExitPeer.Run(peer, image);
            double[][] times = Times(count, cancellation, machine.Measure, other.Measure);
            return BenchResult.From(name, "µs", times[0]).Beside(PeerName, times[1]);
        }
        finally
        {
            File.Delete(image);
        }
    }

    private static KvmEngine CreateKvm(AddressSpace memory, AddressSpace ports) => new(memory, ports, 1);

    // As many as a run's time is good for; and compilers and caches warm up.
    private int Count(Func<int, double> measure)
    {
        double nanoseconds = measure(FirstCount);
        nanoseconds = measure((int)Math.Clamp(milliseconds * 1e6 / nanoseconds, FirstCount, 100_000_000));
        return (int)Math.Clamp(milliseconds * 1e6 / nanoseconds, FirstCount, 100_000_000);
    }

    /// <summary>Microseconds an access, of each of those who take turns.</summary>
    private double[][] Times(int count, CancellationToken cancellation, params Func<int, double>[] subjects)
    {
        double[][] times = [.. subjects.Select(_ => new double[runs])];
        foreach (Func<int, double> subject in subjects)
        {
            _ = subject(count);
        }

        for (int run = 0; run < runs; run++)
        {
            cancellation.ThrowIfCancellationRequested();

            // Who begins changes, so that nobody always has the warmer processor.
            for (int turn = 0; turn < subjects.Length; turn++)
            {
                int index = (run + turn) % subjects.Length;
                times[index][run] = subjects[index](count) / 1000;
            }
        }

        return times;
    }
}
