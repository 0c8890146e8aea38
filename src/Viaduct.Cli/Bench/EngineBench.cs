using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Viaduct.Cli.Commands;
using Viaduct.Machine.GuestParts;
using Viaduct.Machine.Specification;

namespace Viaduct.Cli.Bench;

/// <summary>
/// The engine's figures over the boot of a stock kernel. Each run is a process of its own, so that starting it is
/// measured as a user meets it.
/// </summary>
internal static class EngineBench
{
    /// <summary>The hidden command that a run's process is started with.</summary>
    internal const string RunCommand = "engine-run";

    private const string Script = "echo '@viaduct init'\nread -r answer\npoweroff -f";

    /// <summary>Measures.</summary>
    /// <param name="runs">How often.</param>
    /// <param name="engine">What runs the guest.</param>
    /// <param name="cpus">The guest's processors.</param>
    /// <param name="translates">Whether the software engine translates.</param>
    /// <param name="progress">Told what is done.</param>
    /// <param name="cancellation">Ends it early.</param>
    /// <exception cref="GuestPartsException">The guest's kernel or programs can't be had, or a run failed.</exception>
    internal static async Task<BenchReport> RunAsync(int runs, EngineChoice engine, int cpus, bool translates, Action<string> progress, CancellationToken cancellation)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("viaduct-bench-");
        try
        {
            DebianPackages packages = new(DebianPackages.DefaultFolder, progress);
            GuestKernel kernel = GuestKernel.Fetch(packages);
            string initrd = Path.Combine(folder.FullName, "initrd.img");
            await File.WriteAllBytesAsync(initrd, BusyboxRamDisk.Build(packages, kernel, [], Script), cancellation);
            List<EngineRun> done = [];
            for (int run = 1; run <= runs; run++)
            {
                progress($"boot {run} of {runs} of Linux {kernel.Version}");
                done.Add(await RunOnceAsync(kernel.Image, initrd, engine, cpus, translates, cancellation));
            }

            return Report(done);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task<EngineRun> RunOnceAsync(string kernel, string initrd, EngineChoice engine, int cpus, bool translates, CancellationToken cancellation)
    {
        string began = Stopwatch.GetTimestamp().ToString(CultureInfo.InvariantCulture);
        using Process process = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, ["bench", RunCommand, kernel, initrd, began, "--engine", EngineOption.NameOf(engine), "--cpus", cpus.ToString(CultureInfo.InvariantCulture), "--tier", TierOption.NameOf(translates)])
        {
            RedirectStandardOutput = true,
        })!;
        try
        {
            string output = await process.StandardOutput.ReadToEndAsync(cancellation);
            await process.WaitForExitAsync(cancellation);
            return process.ExitCode == 0 && JsonSerializer.Deserialize(output, JsonReports.Default.EngineRun) is { } run
                ? run
                : throw new GuestPartsException("the boot failed; 'viaduct demo --verbose' shows a guest's console");
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill();
            }
        }
    }

    private static BenchReport Report(List<EngineRun> runs) => new()
    {
        Bench = "engine",
        Engine = runs[0].Engine,
        Machine = BenchMachine.Here(),
        Results =
        [
            BenchResult.From("command to first guest instruction", "ms", runs.Select(run => run.FirstInstruction)),
            BenchResult.From("boot to init", "s", runs.Select(run => run.Boot)),
            .. Speed(runs),
            BenchResult.From("monitor's own memory", "MiB", runs.Select(run => run.MonitorMemory)),
        ],
    };

    // KVM doesn't count instructions.
    private static IEnumerable<BenchResult> Speed(List<EngineRun> runs) => runs[0].Instructions == 0
        ? [BenchResult.From("vCPU time of the boot", "s", runs.Select(run => run.CpuSeconds))]
        :
        [
            BenchResult.From("guest instructions of the boot", "million", runs.Select(run => run.Instructions / 1e6)),
            BenchResult.From("guest instructions per second of vCPU time", "MIPS", runs.Select(run => run.Instructions / 1e6 / run.CpuSeconds)),
        ];
}
