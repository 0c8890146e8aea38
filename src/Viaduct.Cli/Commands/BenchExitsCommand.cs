using System.CommandLine;
using System.Text.Json;
using Spectre.Console;
using Viaduct.Cli.Bench;
using Viaduct.Cli.Bench.Exits;
using Viaduct.Cli.Console;
using Viaduct.Cli.Parsing;
using Viaduct.Engines.Kvm;
using Viaduct.Platform.Host;

namespace Viaduct.Cli.Commands;

/// <summary><c>viaduct bench exits</c>: what it costs to leave a guest for the monitor, and not to.</summary>
internal static class BenchExitsCommand
{
    internal static Command Create()
    {
        Option<string?> peer = new("--peer-program")
        {
            Description = "Where the peer's program is, or is to be compiled to and kept: for a machine that has no compiler.",
            HelpName = "FILE",
        };
        Option<int> runs = NumberOption.Create("--runs", "How often each is measured.", least: 1, most: 1000, otherwise: 15);
        Option<int> milliseconds = NumberOption.Create("--milliseconds", "How long a run takes about.", least: 1, most: 60_000, otherwise: 50);
        Option<bool> json = new("--json") { Description = "Write the figures as one JSON object on standard output." };
        Command command = new("exits", """
            Times a small guest that writes a port, writes and reads MMIO, rings a doorbell that KVM turns into an eventfd,
            and is interrupted by an eventfd: on KVM, in turns with a bare C loop over KVM_RUN that runs the same guest and
            that gcc compiles for it, and on the software engine. Needs /dev/kvm, of any kind, for the former.

            Examples:
              viaduct bench exits
              viaduct bench exits --runs 50 --json
            """)
        {
            peer, runs, milliseconds, json,
        };
        command.SetAction((parsed, cancellation) => Task.Run(
            () => Run(parsed.GetValue(peer), parsed.GetValue(runs), parsed.GetValue(milliseconds), parsed.GetValue(json), cancellation),
            cancellation));
        return command;
    }

    private static int Run(string? peer, int runs, int milliseconds, bool json, CancellationToken cancellation)
    {
        TextWriter errors = System.Console.Error;
        DirectoryInfo folder = Directory.CreateTempSubdirectory("viaduct-bench-");
        try
        {
            KvmProbeResult probe = KvmProbe.Run();
            if (!probe.RunsUserCode)
            {
                errors.WriteLine($"viaduct: without KVM: {probe.Reason}; {probe.Remedy}");
            }

            string program = peer ?? Path.Combine(folder.FullName, "peer");
            if (!File.Exists(program))
            {
                ExitPeer.Compile(program);
            }

            BenchReport report = new ExitBench(program, probe.RunsUserCode, runs, milliseconds).Run(new ProgressLines(errors).Say, cancellation);
            if (json)
            {
                System.Console.Out.WriteLine(JsonSerializer.Serialize(report, JsonReports.Default.BenchReport));
            }
            else
            {
                Write(report);
            }

            return ExitCodes.Success;
        }
        catch (OperationCanceledException)
        {
            errors.WriteLine("viaduct: interrupted");
            return ExitCodes.Interrupted;
        }
        catch (Exception error) when (error is HostException or IOException)
        {
            errors.WriteLine($"viaduct: {error.Message}");
            return ExitCodes.Failure;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static void Write(BenchReport report)
    {
        Table table = BenchTable.Create("access", "median", "least – most", "C loop", "least – most", "ratio");
        foreach (BenchResult result in report.Results)
        {
            string[] peer = result is { PeerValue: { } value, PeerSpread: { } spread, Ratio: { } ratio }
                ? [$"{Figure(value)} µs", $"{Figure(spread[0])} – {Figure(spread[1])}", BenchTable.Fraction(ratio)]
                : ["", "", ""];
            table.AddRow([result.Name, $"{Figure(result.Value)} µs", $"{Figure(result.Spread[0])} – {Figure(result.Spread[1])}", .. peer]);
        }

        BenchTable.Write(table);
        BenchTable.WriteMachine(report.Machine);
    }

    private static string Figure(double microseconds) => BenchTable.Fraction(microseconds);
}
