using Viaduct.Assigned;
using Viaduct.Cli.Serving;
using Viaduct.Platform.Host;

namespace Viaduct.Cli.Bench.VfioUser;

/// <summary>What a message costs that a vfio-user server answers: our server of an NVMe controller, or any, beside a peer's and beside a bare socket.</summary>
/// <param name="server">The register to measure; null for a server of ours that is started for it.</param>
/// <param name="peer">A register of another server, or null.</param>
/// <param name="messages">How many a run.</param>
/// <param name="runs">How often.</param>
internal sealed class MessageBench(RegisterPlace? server, RegisterPlace? peer, int messages, int runs)
{
    private const long DiskLength = 16 << 20;

    private static readonly (string Name, Func<RegisterClient, int, double[]> Time)[] _loads =
    [
        ("register read", static (client, messages) => client.TimeReads(messages)),
        ("register write", static (client, messages) => client.TimeWrites(messages)),
        ("configuration read, 256 bytes", static (client, messages) => client.TimeConfigurationReads(messages)),
    ];

    /// <summary>Measures.</summary>
    /// <exception cref="AssignedDeviceException">A server refuses, or goes.</exception>
    /// <exception cref="ServedProcessException">Our server didn't come up.</exception>
    /// <exception cref="HostException">Nobody listens.</exception>
    internal async Task<BenchReport> RunAsync(Action<string> progress, CancellationToken cancellation)
    {
        if (server is not null)
        {
            return Run(server, progress, cancellation);
        }

        DirectoryInfo folder = Directory.CreateTempSubdirectory("viaduct-bench-");
        try
        {
            string disk = Path.Combine(folder.FullName, "disk.img");
            await using (FileStream file = File.Create(disk))
            {
                file.SetLength(DiskLength);
            }

            string socket = Path.Combine(folder.FullName, "nvme.sock");
            await using ServedProcess served = await ServedProcess.StartAsync(
                "nvme", ["nvme", "--disk", $"path={disk}", "--vfio-user", socket], System.Console.Error, cancellation);
            const ulong ControllerStatus = 0x1C;
            return Run(new RegisterPlace(socket, Region: 0, ControllerStatus, Size: 4), progress, cancellation);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private BenchReport Run(RegisterPlace place, Action<string> progress, CancellationToken cancellation)
    {
        using PingPong bare = new();
        using RegisterClient own = new(place);
        using RegisterClient? other = peer is null ? null : new RegisterClient(peer);
        MessageSamples bareSamples = new();
        MessageSamples[] ownSamples = [.. _loads.Select(_ => new MessageSamples())];
        MessageSamples[] otherSamples = [.. _loads.Select(_ => new MessageSamples())];
        List<double> ownPosted = [];
        List<double> otherPosted = [];

        // The first round is for compilers and caches.
        for (int run = 0; run <= runs; run++)
        {
            progress(run == 0 ? "warming up" : $"run {run} of {runs}");
            bool counts = run != 0;
            Take(bareSamples, bare.Time(messages), counts);
            for (int load = 0; load < _loads.Length; load++)
            {
                cancellation.ThrowIfCancellationRequested();
                Take(ownSamples[load], _loads[load].Time(own, messages), counts);
                if (other is not null)
                {
                    Take(otherSamples[load], _loads[load].Time(other, messages), counts);
                }
            }

            double rate = own.RateOfPostedWrites(messages);
            double otherRate = other?.RateOfPostedWrites(messages) ?? 0;
            if (counts)
            {
                ownPosted.Add(rate);
                otherPosted.Add(otherRate);
            }
        }

        return new BenchReport
        {
            Bench = "vfio-user",
            Engine = "none",
            Machine = BenchMachine.Here(),
            Results =
            [
                BenchResult.From("bare socket round trip", "µs", bareSamples.Medians),
                BenchResult.From("bare socket round trip, 99th percentile", "µs", bareSamples.Tails),
                .. _loads.SelectMany((load, index) => (BenchResult[])
                [
                    Beside(BenchResult.From(load.Name, "µs", ownSamples[index].Medians), otherSamples[index].Medians),
                    Beside(BenchResult.From(load.Name + ", 99th percentile", "µs", ownSamples[index].Tails), otherSamples[index].Tails),
                ]),
                Beside(BenchResult.From("posted writes", "writes/s", ownPosted), otherPosted),
            ],
        };
    }

    private BenchResult Beside(BenchResult own, IReadOnlyList<double> values) => peer is null ? own : own.Beside($"vfio-user:{peer.Socket}", values);

    private static void Take(MessageSamples samples, double[] times, bool counts)
    {
        if (counts)
        {
            samples.Add(times);
        }
    }
}
