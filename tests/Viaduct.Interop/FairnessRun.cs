using System.Diagnostics;
using System.Globalization;

namespace Viaduct.Interop;

/// <summary>
/// Measures what two holders of a shared controller lose by a third that misbehaves: <c>fairness [SECONDS [ROUNDS]]</c>.
/// Each round has a window with a third holder that only writes and verifies, as the two do, and a window with each
/// kind of misbehaviour instead; ratios are of windows of one round, and medians over rounds. Throughput is also given
/// by CPU time, of the writers and of the server's threads for them: where processors are few, who is there at all
/// takes of them, and that is the host's scheduling and not the server's. The third holder's server threads' CPU time
/// says how much of the host it gets the server to use.
/// </summary>
internal sealed class FairnessRun : IDisposable
{
    internal const string Command = "fairness";

    private const int Part = 1 << 20;
    private const int Third = 3;

    private readonly DirectoryInfo _home = Directory.CreateTempSubdirectory("viaduct-fairness-");
    private readonly string _folder;
    private readonly string _disk;
    private readonly TimeSpan _window;

    private FairnessRun(TimeSpan window)
    {
        _window = window;
        _folder = Path.Combine(_home.FullName, "nvme");
        _disk = Path.Combine(_home.FullName, "disk.img");
        File.WriteAllBytes(_disk, new byte[(Third + 1) * Part]);
    }

    internal static int Run(string[] options)
    {
        double seconds = options.Length > 0 ? double.Parse(options[0], CultureInfo.InvariantCulture) : 2;
        int rounds = options.Length > 1 ? int.Parse(options[1], CultureInfo.InvariantCulture) : 5;
        using FairnessRun run = new(TimeSpan.FromSeconds(seconds));
        run.Measure(rounds);
        return 0;
    }

    public void Dispose() => _home.Delete(recursive: true);

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    private void Measure(int rounds)
    {
        using DeviceServer server = new(_disk, _folder, Third);
        using WriterProcess first = new(Path.Combine(_folder, "vf1.sock"), new WriteLedger(_disk, Part), 2);
        using WriterProcess second = new(Path.Combine(_folder, "vf2.sock"), new WriteLedger(_disk, 2 * Part), 3);
        Victims victims = new(server, first, second);
        List<(Misbehaviour? Kind, Sample Sample)> samples = [];
        for (int round = 0; round < rounds; round++)
        {
            samples.Add((null, Window(victims, null, round)));
            samples.AddRange(Enum.GetValues<Misbehaviour>().Select(kind => ((Misbehaviour?)kind, Window(victims, kind, round))));
        }

        Sample[] good = [.. samples.Where(each => each.Kind is null).Select(each => each.Sample)];
        Console.WriteLine("third holder   writes/s   beside a good one: throughput   by CPU time   server's CPU for the third");
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{"(good)",-14} {Median(good.Select(each => each.Rate)),8:F0} {1,34:F2} {1,13:F2} {Median(good.Select(each => each.ThirdShare)),20:P0}"));
        foreach (Misbehaviour kind in Enum.GetValues<Misbehaviour>())
        {
            Sample[] bad = [.. samples.Where(each => each.Kind == kind).Select(each => each.Sample)];
            double rate = Median(bad.Zip(good, (one, other) => one.Rate / other.Rate));
            double byCpu = Median(bad.Zip(good, (one, other) => one.RateByCpu / other.RateByCpu));
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{kind,-14} {Median(bad.Select(each => each.Rate)),8:F0} {rate,34:F2} {byCpu,13:F2} {Median(bad.Select(each => each.ThirdShare)),20:P0}"));
        }
    }

    private Sample Window(Victims victims, Misbehaviour? kind, int seed)
    {
        string socket = Path.Combine(_folder, $"vf{Third}.sock");
        using (FileStream file = File.OpenWrite(_disk))
        {
            file.Position = Third * Part;
            file.Write(new byte[Part]);
        }

        string[] arguments = kind is { } bad
            ? [HostileHolder.Command, socket, bad.ToString(), seed.ToString(CultureInfo.InvariantCulture), int.MaxValue.ToString(CultureInfo.InvariantCulture)]
            : [VerifiedWriter.Command, socket, "4", "1"];
        using Process third = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, arguments) { RedirectStandardOutput = true })!;
        Task drained = third.StandardOutput.BaseStream.CopyToAsync(Stream.Null);

        // It starts, and compiles its code, before it counts.
        _ = victims.Sample(_window / 2);
        Sample sample = victims.Sample(_window);
        bool ended = third.HasExited;
        third.Kill();
        drained.Wait();
        return ended ? throw new InvalidOperationException($"the third holder ({kind}) ended before its time") : sample;
    }

    private readonly record struct Sample(double Rate, double RateByCpu, double ThirdShare);

    private sealed class Victims(DeviceServer server, params WriterProcess[] writers)
    {
        internal Sample Sample(TimeSpan window)
        {
            TimeSpan own = Own();
            TimeSpan third = server.CpuOf(Third);
            long began = Stopwatch.GetTimestamp();
            long[] writes = [.. writers.AsParallel().WithDegreeOfParallelism(writers.Length).Select(writer => writer.ListenFor(window))];
            double seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
            double all = writes.Sum();
            return new Sample(all / seconds, all / (Own() - own).TotalSeconds, (server.CpuOf(Third) - third).TotalSeconds / seconds);
        }

        private TimeSpan Own() =>
            writers.Aggregate(TimeSpan.Zero, (sum, writer) => sum + writer.Cpu) + server.CpuOf(1) + server.CpuOf(2);
    }
}
