using System.CommandLine;
using System.Text.Json;
using Viaduct.Backends.Block;
using Viaduct.Cli.Console;
using Viaduct.Cli.Demo;
using Viaduct.Cli.Demo.Page;
using Viaduct.Cli.Guests;
using Viaduct.Cli.Serving;
using Viaduct.Machine.Boot;
using Viaduct.Machine.GuestParts;
using Viaduct.Machine.Specification;
using Viaduct.Platform.Host;

namespace Viaduct.Cli.Commands;

/// <summary><c>viaduct demo</c>: a stock Linux does the same disk work on each road, and a table says what each cost.</summary>
internal static class DemoCommand
{
    internal static Command Create()
    {
        Option<bool> json = new("--json") { Description = "Write the figures as one JSON object on standard output." };
        Option<FileInfo> html = new("--html") { Description = "Write the report as a page of its own to FILE, too.", HelpName = "FILE" };
        Option<bool> verbose = new("--verbose") { Description = "Show the guest's console on standard error." };
        Option<string> engine = EngineOption.Create();
        Command command = new("demo", """
            Boots a stock Debian kernel with the same disk on each of the four roads: an emulated NVMe controller, a
            virtio-blk disk, an NVMe controller of another process that is given whole to one guest and refused to a
            second, and one whose virtual functions are given to three guests at once. Each guest writes, syncs, drops
            its caches, reads back and checks; then a table says what that cost.

            The kernel and busybox are downloaded from this system's Debian packages on first use, and not installed.
            """)
        {
            json, html, verbose, engine,
        };
        command.SetAction((parsed, cancellation) =>
            RunAsync(EngineOption.Read(parsed, engine), parsed.GetValue(json), parsed.GetValue(html), parsed.GetValue(verbose), cancellation));
        return command;
    }

    private static async Task<int> RunAsync(EngineChoice engine, bool json, FileInfo? html, bool verbose, CancellationToken cancellation)
    {
        TextWriter errors = System.Console.Error;
        if (MachineSpec.EngineProblem(engine) is { } problem)
        {
            await errors.WriteLineAsync($"viaduct: {problem}");
            return ExitCodes.BadUsage;
        }

        if (html?.Directory is { Exists: false } folder)
        {
            await errors.WriteLineAsync($"viaduct: --html {html}: there is no folder {folder}");
            return ExitCodes.BadUsage;
        }

        try
        {
            Demonstration demonstration = new(engine, new ProgressLines(errors), verbose ? errors : null);
            DemoReport report = await demonstration.RunAsync(cancellation);
            if (html is not null)
            {
                await File.WriteAllTextAsync(html.FullName, DemoPage.Render(report), cancellation);
            }

            TextWriter output = System.Console.Out;
            if (json)
            {
                await output.WriteLineAsync(JsonSerializer.Serialize(report, JsonReports.Default.DemoReport));
            }
            else
            {
                DemoTable.Write(report, output, System.Console.IsOutputRedirected);
            }

            return report.Refusal is not null && report.Roads.All(road => road.Verified) ? ExitCodes.Success : ExitCodes.Failure;
        }
        catch (OperationCanceledException)
        {
            await errors.WriteLineAsync("viaduct: interrupted");
            return ExitCodes.Interrupted;
        }
        catch (DemoFailedException error)
        {
            await errors.WriteLineAsync($"--- the end of the guest's console ---\n{error.GuestConsole}\n--- ---\nviaduct: {error.Message}");
            return ExitCodes.Failure;
        }
        catch (Exception error) when (error is GuestPartsException or KernelImageException or BlockOpenException or HostException or ServedProcessException or IOException or UnauthorizedAccessException)
        {
            await errors.WriteLineAsync($"viaduct: {error.Message}");
            return ExitCodes.Failure;
        }
    }
}
