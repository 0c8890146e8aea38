using System.CommandLine;
using System.Text.Json;
using Spectre.Console;
using Viaduct.Backends.Block;
using Viaduct.Cli.Bench;
using Viaduct.Cli.Bench.Disk;
using Viaduct.Cli.Bench.Workloads;
using Viaduct.Cli.Console;
using Viaduct.Cli.Parsing;
using Viaduct.Machine.Boot;
using Viaduct.Machine.GuestParts;
using Viaduct.Machine.Specification;
using Viaduct.Platform.Host;

namespace Viaduct.Cli.Commands;

/// <summary><c>viaduct bench engine</c>: starting a guest, booting it, the engine's speed, the monitor's memory.</summary>
internal static class BenchEngineCommand
{
    internal static Command Create()
    {
        Option<bool> json = new("--json") { Description = "Write the figures as one JSON object on standard output." };
        Option<string?> peer = new("--peer") { Description = "A monitor to measure beside, turn by turn: qemu, on its TCG, or on KVM with --engine kvm.", HelpName = "qemu" };
        peer.AcceptOnlyFromAmong("qemu");
        Option<string?> qemu = new("--qemu") { Description = "The QEMU to use, a program or a script that starts one; the one on PATH otherwise.", HelpName = "PATH" };
        Option<IReadOnlyList<Workload>?> workloads = WorkloadsOption.Create();
        Option<int> runs = NumberOption.Create("--runs", "How many boots, and how often each workload runs.", least: 1, most: 100, otherwise: 3);
        Option<int> cpus = Cpus();
        Option<bool> verbose = new("--verbose") { Description = "Show the guests' consoles on standard error." };
        Option<string> engine = EngineOption.Create();
        Option<string> tier = TierOption.Create();
        Command command = new("engine", """
            Boots a stock Debian kernel to its init and reports the time from the command to the guest's first
            instruction, the boot, guest instructions per second of CPU time, and the monitor's own memory.
            With --peer or --workloads, times boots and workloads instead, on Viaduct, on the peer with the same kernel
            and RAM disk, and on the host without any monitor, in turns.

            Examples:
              viaduct bench engine
              viaduct bench engine --peer qemu
              viaduct bench engine --workloads sha256,faults --runs 5 --json
            """)
        {
            peer, qemu, workloads, runs, cpus, json, verbose, engine, tier,
        };
        command.SetAction((parsed, cancellation) =>
        {
            bool wantsPeer = parsed.GetValue(peer) is not null || parsed.GetValue(qemu) is not null;
            IReadOnlyList<Workload>? wanted = parsed.GetValue(workloads) ?? (wantsPeer ? Workload.All : null);
            return wanted is null
                ? RunAsync(EngineOption.Read(parsed, engine), parsed.GetValue(runs), parsed.GetValue(cpus), TierOption.Read(parsed, tier), parsed.GetValue(json), cancellation)
                : RunWorkloadsAsync(
                    new WorkloadOptions
                    {
                        Workloads = wanted,
                        Runs = parsed.GetValue(runs),
                        Cpus = parsed.GetValue(cpus),
                        Engine = EngineOption.Read(parsed, engine),
                        Tier = TierOption.NameOf(TierOption.Read(parsed, tier)),
                        Verbose = parsed.GetValue(verbose) ? System.Console.Error : null,
                    },
                    wantsPeer,
                    parsed.GetValue(qemu),
                    parsed.GetValue(json),
                    cancellation);
        });
        return command;
    }

    /// <summary>One run, which the command above starts as a process.</summary>
    internal static Command CreateRun()
    {
        Argument<string> kernel = new("kernel");
        Argument<string> initrd = new("initrd");
        Argument<long> began = new("began");
        Option<string> engine = EngineOption.Create();
        Option<int> cpus = Cpus();
        Option<string> tier = TierOption.Create();
        Command command = new(EngineBench.RunCommand) { kernel, initrd, began, engine, cpus, tier };
        command.Hidden = true;
        command.SetAction(async (parsed, cancellation) =>
        {
            EngineBoot boot = new(parsed.GetRequiredValue(began), EngineOption.Read(parsed, engine), parsed.GetValue(cpus), TierOption.Read(parsed, tier));
            EngineRun? run = await boot.RunAsync(parsed.GetRequiredValue(kernel), parsed.GetRequiredValue(initrd), cancellation);
            if (run is null)
            {
                return ExitCodes.Failure;
            }

            await System.Console.Out.WriteLineAsync(JsonSerializer.Serialize(run, JsonReports.Default.EngineRun));
            return ExitCodes.Success;
        });
        return command;
    }

    private static Option<int> Cpus() =>
        NumberOption.Create("--cpus", "Processors of the guest.", least: 1, most: MachineSpec.MaxCpus, otherwise: 1);

    private static async Task<int> RunAsync(EngineChoice engine, int runs, int cpus, bool translates, bool json, CancellationToken cancellation)
    {
        TextWriter errors = System.Console.Error;
        if (MachineSpec.EngineProblem(engine) is { } problem)
        {
            await errors.WriteLineAsync($"viaduct: {problem}");
            return ExitCodes.BadUsage;
        }

        try
        {
            BenchReport report = await EngineBench.RunAsync(runs, engine, cpus, translates, new ProgressLines(errors).Say, cancellation);
            if (json)
            {
                await System.Console.Out.WriteLineAsync(JsonSerializer.Serialize(report, JsonReports.Default.BenchReport));
            }
            else
            {
                Write(report);
            }

            return ExitCodes.Success;
        }
        catch (OperationCanceledException)
        {
            return ExitCodes.Interrupted;
        }
        catch (Exception error) when (error is GuestPartsException or KernelImageException or BlockOpenException or HostException or IOException)
        {
            await errors.WriteLineAsync($"viaduct: {error.Message}");
            return ExitCodes.Failure;
        }
    }

    private static async Task<int> RunWorkloadsAsync(WorkloadOptions options, bool wantsPeer, string? qemu, bool json, CancellationToken cancellation)
    {
        TextWriter errors = System.Console.Error;
        string? problem = MachineSpec.EngineProblem(options.Engine);
        QemuProgram? peer = wantsPeer && problem is null ? QemuProgram.Find(qemu, out problem) : null;
        if (problem is not null)
        {
            await errors.WriteLineAsync($"viaduct: {problem}");
            return ExitCodes.BadUsage;
        }

        try
        {
            using WorkloadBench bench = new(options with { Peer = peer }, new ProgressLines(errors).Say);
            WorkloadReport report = await bench.RunAsync(cancellation);
            if (json)
            {
                await System.Console.Out.WriteLineAsync(JsonSerializer.Serialize(report.ToBenchReport(), JsonReports.Default.BenchReport));
            }
            else
            {
                report.Write();
            }

            return ExitCodes.Success;
        }
        catch (OperationCanceledException)
        {
            await errors.WriteLineAsync("viaduct: interrupted");
            return ExitCodes.Interrupted;
        }
        catch (BenchFailedException error)
        {
            await errors.WriteLineAsync($"--- the end of the guest's console ---\n{error.GuestConsole}\n--- ---\nviaduct: {error.Message}");
            return ExitCodes.Failure;
        }
        catch (Exception error) when (error is GuestPartsException or KernelImageException or HostException or IOException)
        {
            await errors.WriteLineAsync($"viaduct: {error.Message}");
            return ExitCodes.Failure;
        }
    }

    private static void Write(BenchReport report)
    {
        Table table = BenchTable.Create("figure", "median", "least – most");
        table.AddColumn("unit");
        foreach (BenchResult result in report.Results)
        {
            table.AddRow(result.Name, BenchTable.Number(result.Value), BenchTable.Spread(result.Spread), result.Unit);
        }

        BenchTable.Write(table);
        BenchTable.WriteMachine(report.Machine);
    }
}
