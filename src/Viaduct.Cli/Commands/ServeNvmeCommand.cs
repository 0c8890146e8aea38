using System.CommandLine;
using System.Text.Json;
using Viaduct.Backends.Block;
using Viaduct.Cli.Parsing;
using Viaduct.Cli.Serve;
using Viaduct.Platform.Accounting;
using Viaduct.Platform.Host;

namespace Viaduct.Cli.Commands;

/// <summary><c>viaduct serve nvme</c>: an NVMe controller on a socket.</summary>
internal static class ServeNvmeCommand
{
    private const int LongestId = 20;

    internal static Command Create()
    {
        Option<string[]> disks = new("--disk")
        {
            Description = $"A disk, once for each: {ServedDiskOption.Syntax}. The first is namespace 1.",
            HelpName = "PARTS",
            Required = true,
        };
        Option<string> socket = new("--vfio-user") { Description = "The socket that a guest's monitor connects to.", HelpName = "SOCKET", Required = true };
        Option<string?> id = new("--id") { Description = "The device's id, which its serial number follows; the socket's name otherwise.", HelpName = "I" };
        Option<bool> untilInputEnds = new(ServeEnd.UntilInputEnds) { Description = "End when standard input does, and not by Ctrl-C: for a parent process whose end is to be the end of this one." };
        Option<bool> json = new("--json") { Description = "Write what the device did as one JSON object on standard output when it ends." };
        Command command = new("nvme", """
            Serves an NVMe controller over vfio-user until Ctrl-C or SIGTERM. One guest has it at a time; when that goes,
            however it goes, the controller is reset and the next may come. A socket that was left behind is replaced.

            Examples:
              viaduct serve nvme --disk path=disk.img --vfio-user /run/nvme.sock
              viaduct run --kernel vmlinuz --assign vfio-user:/run/nvme.sock
              qemu-system-x86_64 -device '{"driver":"vfio-user-pci","socket":{"type":"unix","path":"/run/nvme.sock"}}' …

            A line "viaduct: ready…" on standard error says that guests may come. Exit status: 0 ended by a signal or by
            the end of standard input, 2 bad options or a disk
            or socket that can't be used, 1 anything else.
            """)
        {
            disks, socket, id, untilInputEnds, json,
        };
        command.SetAction((parsed, cancellation) =>
        {
            try
            {
                string path = parsed.GetRequiredValue(socket);
                RawBlockOptions[] opened = [.. parsed.GetRequiredValue(disks).Select(ServedDiskOption.Parse)];
                string name = parsed.GetValue(id) is { } given ? CheckId(given) : IdOf(path);
                return RunAsync(name, opened, path, parsed.GetValue(untilInputEnds), parsed.GetValue(json), cancellation);
            }
            catch (FormatException error)
            {
                System.Console.Error.WriteLine($"viaduct: {error.Message}");
                return Task.FromResult(ExitCodes.BadUsage);
            }
        });
        return command;
    }

    private static async Task<int> RunAsync(string id, RawBlockOptions[] disks, string socket, bool untilInputEnds, bool json, CancellationToken cancellation)
    {
        EventLog log = new(System.Console.Error);
        try
        {
            ServeReport report;
            using (ServedNvme device = new(id, disks, socket, log))
            {
                await System.Console.Error.WriteLineAsync($"viaduct: ready: {id} at {socket}");
                await ServeEnd.WaitAsync(untilInputEnds, cancellation);
                report = device.Report();
            }

            log.Flush();
            if (json)
            {
                await System.Console.Out.WriteLineAsync(JsonSerializer.Serialize(report, JsonReports.Default.ServeReport));
            }

            return ExitCodes.Success;
        }
        catch (Exception error) when (error is BlockOpenException or HostException or IOException or UnauthorizedAccessException)
        {
            await System.Console.Error.WriteLineAsync($"viaduct: {error.Message}");
            return ExitCodes.BadUsage;
        }
    }

    private static string CheckId(string id) =>
        id.Length is > 0 and <= LongestId && id.All(IsIdCharacter) ? id : throw new FormatException($"--id '{id}' must be at most {LongestId} letters, digits, '-', '_' or '.'");

    private static string IdOf(string socket)
    {
        string name = string.Concat(Path.GetFileNameWithoutExtension(socket).Where(IsIdCharacter).Take(LongestId));
        return name.Length == 0 ? "nvme" : name;
    }

    private static bool IsIdCharacter(char character) => char.IsAsciiLetterOrDigit(character) || character is '-' or '_' or '.';
}
