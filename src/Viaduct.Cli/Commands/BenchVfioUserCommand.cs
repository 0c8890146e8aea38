using System.CommandLine;
using System.Text.Json;
using Spectre.Console;
using Viaduct.Assigned;
using Viaduct.Cli.Bench;
using Viaduct.Cli.Bench.VfioUser;
using Viaduct.Cli.Console;
using Viaduct.Cli.Parsing;
using Viaduct.Cli.Serving;
using Viaduct.Platform.Host;

namespace Viaduct.Cli.Commands;

/// <summary><c>viaduct bench vfio-user</c>: what a register access costs that another process answers.</summary>
internal static class BenchVfioUserCommand
{
    internal static Command Create()
    {
        Option<RegisterPlace?> server = RegisterOption.Create(
            "--server", "A server to measure; otherwise 'viaduct serve nvme' is started and its controller status read.");
        Option<RegisterPlace?> peer = RegisterOption.Create(
            "--peer", "Another server to measure beside, turn by turn. Without a region it is the first BAR's start.");
        Option<int> messages = NumberOption.Create("--messages", "How many of a kind a run sends.", least: 100, most: 1_000_000, otherwise: 2_000);
        Option<int> runs = NumberOption.Create("--runs", "How often.", least: 1, most: 1000, otherwise: 15);
        Option<bool> json = new("--json") { Description = "Write the figures as one JSON object on standard output." };
        Command command = new("vfio-user", """
            Times messages to a vfio-user server, of ours or anybody's, and to a peer in turns, beside bytes to and fro
            over a bare UNIX socket: a register's reads and writes, each answered, 256 bytes of configuration space, and
            writes without replies. What is written is what was read first; choose a register that bears it.

            Examples:
              viaduct bench vfio-user
              viaduct bench vfio-user --peer /run/other.sock,region=2,offset=0,size=4 --runs 50 --json
            """)
        {
            server, peer, messages, runs, json,
        };
        command.SetAction((parsed, cancellation) => RunAsync(
            new MessageBench(parsed.GetValue(server), parsed.GetValue(peer), parsed.GetValue(messages), parsed.GetValue(runs)), parsed.GetValue(json), cancellation));
        return command;
    }

    private static async Task<int> RunAsync(MessageBench bench, bool json, CancellationToken cancellation)
    {
        TextWriter errors = System.Console.Error;
        try
        {
            BenchReport report = await bench.RunAsync(new ProgressLines(errors).Say, cancellation);
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
            await errors.WriteLineAsync("viaduct: interrupted");
            return ExitCodes.Interrupted;
        }
        catch (Exception error) when (error is AssignedDeviceException or ServedProcessException or HostException or IOException)
        {
            await errors.WriteLineAsync($"viaduct: {error.Message}");
            return ExitCodes.Failure;
        }
    }

    private static void Write(BenchReport report)
    {
        bool peers = report.Results.Any(result => result.Peer is not null);
        Table table = BenchTable.Create("message", ["median", "least – most", .. peers ? (string[])["peer's", "least – most", "ratio"] : []]);
        foreach (BenchResult result in report.Results)
        {
            string[] peer = result is { PeerValue: { } value, PeerSpread: { } spread, Ratio: { } ratio }
                ? [BenchTable.Number(value), BenchTable.Spread(spread), BenchTable.Fraction(ratio)]
                : ["", "", ""];
            table.AddRow([result.Name, $"{BenchTable.Number(result.Value)} {result.Unit}", BenchTable.Spread(result.Spread), .. peers ? peer : []]);
        }

        BenchTable.Write(table);
        BenchTable.WriteMachine(report.Machine);
    }
}
