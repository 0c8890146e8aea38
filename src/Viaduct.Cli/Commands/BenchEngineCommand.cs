using System.CommandLine;
using System.Text.Json;
using Spectre.Console;
using Viaduct.Backends.Block;
using Viaduct.Cli.Bench;
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
        Option<int> runs = NumberOption.Create("--runs", "How many boots.", least: 1, most: 100, otherwise: 3);
        Option<string> engine = EngineOption.Create();
        Option<string> tier = TierOption.Create();
        Command command = new("engine", """
            Boots a stock Debian kernel to its init and reports the time from the command to the guest's first
            instruction, the boot, guest instructions per second of CPU time, and the monitor's own memory.
            """)
        {
            json, runs, engine, tier,
        };
        command.SetAction((parsed, cancellation) =>
            RunAsync(EngineOption.Read(parsed, engine), parsed.GetValue(runs), TierOption.Read(parsed, tier), parsed.GetValue(json), cancellation));
        return command;
    }

    /// <summary>One run, which the command above starts as a process.</summary>
    internal static Command CreateRun()
    {
        Argument<string> kernel = new("kernel");
        Argument<string> initrd = new("initrd");
        Argument<long> began = new("began");
        Option<string> tier = TierOption.Create();
        Command command = new(EngineBench.RunCommand) { kernel, initrd, began, tier };
        command.Hidden = true;
        command.SetAction(async (parsed, cancellation) =>
        {
            EngineBoot boot = new(parsed.GetRequiredValue(began), TierOption.Read(parsed, tier));
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

    private static async Task<int> RunAsync(EngineChoice engine, int runs, bool translates, bool json, CancellationToken cancellation)
    {
        TextWriter errors = System.Console.Error;
        if (MachineSpec.EngineProblem(engine) is { } problem)
        {
            await errors.WriteLineAsync($"viaduct: {problem}");
            return ExitCodes.BadUsage;
        }

        try
        {
            BenchReport report = await EngineBench.RunAsync(runs, translates, new ProgressLines(errors).Say, cancellation);
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
