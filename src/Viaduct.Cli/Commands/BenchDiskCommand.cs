using System.CommandLine;
using System.Text.Json;
using Viaduct.Assigned;
using Viaduct.Backends.Block;
using Viaduct.Cli.Bench;
using Viaduct.Cli.Bench.Disk;
using Viaduct.Cli.Console;
using Viaduct.Cli.Guests;
using Viaduct.Cli.Parsing;
using Viaduct.Cli.Serving;
using Viaduct.Machine.Boot;
using Viaduct.Machine.GuestParts;
using Viaduct.Machine.Specification;
using Viaduct.Platform.Accounting;
using Viaduct.Platform.Host;

namespace Viaduct.Cli.Commands;

/// <summary><c>viaduct bench disk</c>: a disk's speed on each road, and a peer's beside it.</summary>
internal static class BenchDiskCommand
{
    // Each guest takes a thread that works all the time.
    private const int MostGuests = 32;

    internal static Command Create()
    {
        Option<string?> peer = new("--peer") { Description = "A monitor to measure beside, turn by turn: qemu, on its TCG.", HelpName = "qemu" };
        peer.AcceptOnlyFromAmong("qemu");
        Option<string?> qemu = new("--qemu") { Description = "The QEMU to use, a program or a script that starts one; the one on PATH otherwise.", HelpName = "PATH" };
        Option<Road[]> roads = RoadsOption.Create();
        Option<int[]> functions = CountsOption.Create(
            "--vfs", "How many guests load one shared controller at the same time, each by a virtual function of it; none leaves that out.", MostGuests, 1, 2, 4, 7);
        Option<int> seconds = NumberOption.Create("--seconds", "How long each load runs.", least: 1, most: 600, otherwise: 2);
        Option<int> runs = NumberOption.Create("--runs", "How often each load runs.", least: 1, most: 100, otherwise: 3);
        Option<bool> json = new("--json") { Description = "Write the figures as one JSON object on standard output." };
        Option<bool> verbose = new("--verbose") { Description = "Show the guests' consoles on standard error." };
        Option<string> engine = EngineOption.Create();
        Command command = new("disk", """
            Boots a stock Debian kernel with a disk on each road and lets fio load them: 4 KiB at random and 128 KiB in
            sequence, reads and writes, one and 32 requests at a time. With --peer, QEMU's NVMe controller and virtio-blk
            disk do the same with the same kernel and image contents; both monitors take turns. Then several guests load
            one controller at the same time, each by a virtual function of it.

            Examples:
              viaduct bench disk --peer qemu
              viaduct bench disk --roads emulated --runs 5 --seconds 5 --json
            """)
        {
            peer, qemu, roads, functions, seconds, runs, json, verbose, engine,
        };
        command.SetAction((parsed, cancellation) =>
        {
            Road[] wantedRoads = parsed.GetRequiredValue(roads);
            DiskBenchOptions options = new()
            {
                Roads = wantedRoads,
                VirtualFunctions = wantedRoads.Contains(Road.Shared) ? parsed.GetRequiredValue(functions) : [],
                Seconds = parsed.GetValue(seconds),
                Runs = parsed.GetValue(runs),
                Engine = EngineOption.Read(parsed, engine),
                Verbose = parsed.GetValue(verbose) ? System.Console.Error : null,
            };
            bool wanted = parsed.GetValue(peer) is not null || parsed.GetValue(qemu) is not null;
            return RunAsync(options, wanted, parsed.GetValue(qemu), parsed.GetValue(json), cancellation);
        });
        return command;
    }

    private static async Task<int> RunAsync(DiskBenchOptions options, bool wantsPeer, string? qemu, bool json, CancellationToken cancellation)
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
            ProgressLines progress = new(errors);
            if (peer is null)
            {
                progress.Say("without a peer; --peer qemu measures QEMU's disks in turn with ours");
            }

            DiskReport report = await new DiskBench(options with { Peer = peer }, progress.Say).RunAsync(cancellation);
            if (json)
            {
                await System.Console.Out.WriteLineAsync(JsonSerializer.Serialize(report.ToBenchReport(), JsonReports.Default.BenchReport));
            }
            else
            {
                DiskTable.Write(report);
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
        catch (Exception error) when (error is GuestPartsException or KernelImageException or BlockOpenException or AssignedDeviceException or ServedProcessException or HostException or IOException)
        {
            await errors.WriteLineAsync($"viaduct: {error.Message}");
            return ExitCodes.Failure;
        }
    }
}
