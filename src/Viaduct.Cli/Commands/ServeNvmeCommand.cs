using System.CommandLine;
using System.Text.Json;
using Viaduct.Backends.Block;
using Viaduct.Cli.Parsing;
using Viaduct.Cli.Serve;
using Viaduct.Machine.Specification;
using Viaduct.Platform.Accounting;
using Viaduct.Platform.Host;

namespace Viaduct.Cli.Commands;

/// <summary><c>viaduct serve nvme</c>: an NVMe controller on a socket.</summary>
internal static class ServeNvmeCommand
{
    internal static Command Create()
    {
        Option<string[]> disks = new("--disk")
        {
            Description = $"A disk, once for each: {ServedDiskOption.Syntax}. The first is namespace 1. With --vfs, vf=N gives it to virtual function N (0 is the physical one), shared to all; else it is divided into equal namespaces, one for each function.",
            HelpName = "PARTS",
            Required = true,
        };
        Option<string> socket = new("--vfio-user") { Description = "The socket that a guest's monitor connects to; with --vfs the folder of sockets: pf.sock, vf1.sock and so on, and control.sock for viaduct sriov.", HelpName = "SOCKET|DIR", Required = true };
        Option<int> functions = NumberOption.Create("--vfs", "Virtual functions, each for a guest of its own.", 1, MachineSpec.MaxVirtualFunctions, 0);
        Option<string?> id = new("--id") { Description = "The device's id, which its serial number follows; the socket's name otherwise.", HelpName = "I" };
        Option<bool> untilInputEnds = new(ServeEnd.UntilInputEnds) { Description = "End when standard input does, and not by Ctrl-C: for a parent process whose end is to be the end of this one." };
        Option<bool> json = new("--json") { Description = "Write what the device did as one JSON object on standard output when it ends." };
        Command command = new("nvme", """
            Serves an NVMe controller over vfio-user until Ctrl-C or SIGTERM. One guest has it at a time; when that goes,
            however it goes, the controller is reset and the next may come. A socket that was left behind is replaced.
            With --vfs the controller is shared: it has virtual functions, each for another guest at the same time. Who
            has which is what 'viaduct sriov list DIR' says.

            Examples:
              viaduct serve nvme --disk path=disk.img --vfio-user /run/nvme.sock
              viaduct run --kernel vmlinuz --assign vfio-user:/run/nvme.sock
              viaduct serve nvme --disk path=disk.img --vfs 3 --vfio-user /run/nvme
              viaduct run --kernel vmlinuz --assign vfio-user:/run/nvme/vf1.sock
              qemu-system-x86_64 -device '{"driver":"vfio-user-pci","socket":{"type":"unix","path":"/run/nvme.sock"}}' …

            A line "viaduct: ready…" on standard error says that guests may come. Exit status: 0 ended by a signal or by
            the end of standard input, 2 bad options or a disk or socket that can't be used, 1 anything else.
            """)
        {
            disks, socket, functions, id, untilInputEnds, json,
        };
        command.SetAction((parsed, cancellation) =>
        {
            try
            {
                string path = parsed.GetRequiredValue(socket);
                int count = parsed.GetValue(functions);
                if (count == 0 && Directory.Exists(path))
                {
                    throw new FormatException($"--vfio-user '{path}' is a folder: name a socket in it, or share the controller by --vfs N");
                }

                ServedDiskOption[] options = [.. parsed.GetRequiredValue(disks).Select(disk => ServedDiskOption.Parse(disk, count))];
                string name = parsed.GetValue(id) is { } given ? ServedDiskOption.CheckId("--id '", given) : options.Select(disk => disk.Id).FirstOrDefault(each => each is not null) ?? IdOf(path);
                EventLog log = new(System.Console.Error);
                return RunAsync(
                    () => count == 0 ? new ServedNvme(name, options, path, log) : new SharedNvme(name, options, count, path, log),
                    $"{name} at {path}",
                    log,
                    parsed.GetValue(untilInputEnds),
                    parsed.GetValue(json),
                    cancellation);
            }
            catch (FormatException error)
            {
                System.Console.Error.WriteLine($"viaduct: {error.Message}");
                return Task.FromResult(ExitCodes.BadUsage);
            }
        });
        return command;
    }

    private static async Task<int> RunAsync(Func<IServedNvme> serve, string what, EventLog log, bool untilInputEnds, bool json, CancellationToken cancellation)
    {
        try
        {
            ServeReport report;
            using (IServedNvme device = serve())
            {
                await System.Console.Error.WriteLineAsync($"viaduct: ready: {what}");
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
        catch (Exception error) when (error is BlockOpenException or FormatException or HostException or IOException or UnauthorizedAccessException)
        {
            await System.Console.Error.WriteLineAsync($"viaduct: {error.Message}");
            return ExitCodes.BadUsage;
        }
    }

    private static string IdOf(string socket)
    {
        string name = string.Concat(Path.GetFileNameWithoutExtension(Path.TrimEndingDirectorySeparator(socket)).Where(ServedDiskOption.IsIdCharacter).Take(ServedDiskOption.LongestId));
        return name.Length == 0 ? "nvme" : name;
    }
}
