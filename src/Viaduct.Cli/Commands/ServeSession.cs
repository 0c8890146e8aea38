using System.CommandLine;
using System.Text.Json;
using Viaduct.Backends.Block;
using Viaduct.Cli.Parsing;
using Viaduct.Cli.Serve;
using Viaduct.Platform.Accounting;
using Viaduct.Platform.Host;

namespace Viaduct.Cli.Commands;

/// <summary>What all of <c>viaduct serve</c>'s commands have in common: where they serve, how that ends and what is said of it.</summary>
internal sealed class ServeSession
{
    /// <summary>The end of each command's help.</summary>
    internal const string Ends = """
        A line "viaduct: ready…" on standard error says that guests may come. Exit status: 0 ended by a signal or by
        the end of standard input, 2 bad options or a disk or socket that can't be used, 1 anything else.
        """;

    private readonly Option<string> _socket;
    private readonly Option<string?> _id = new("--id") { Description = "The device's id; the socket's name otherwise. A disk's serial number follows it.", HelpName = "I" };
    private readonly Option<bool> _untilInputEnds = new(ServeEnd.UntilInputEnds) { Description = "End when standard input does, and not by Ctrl-C: for a parent process whose end is to be the end of this one." };
    private readonly Option<bool> _json = new("--json") { Description = "Write what the device did as one JSON object on standard output when it ends." };
    private readonly string _kind;

    /// <param name="kind">What is served, and its id where nothing else gives one.</param>
    /// <param name="socket">What the socket's option says of itself.</param>
    /// <param name="value">What it takes.</param>
    internal ServeSession(string kind, string socket = "The socket that a guest's monitor connects to.", string value = "SOCKET")
    {
        _kind = kind;
        _socket = new Option<string>("--vfio-user") { Description = socket, HelpName = value, Required = true };
    }

    /// <summary>Makes the command.</summary>
    /// <param name="description">Its help, to which <see cref="Ends"/> is added.</param>
    /// <param name="first">Its own options.</param>
    internal Command NewCommand(string description, params ReadOnlySpan<Option> first)
    {
        Command command = new(_kind, $"{description}\n\n{Ends}");
        foreach (Option option in first)
        {
            command.Add(option);
        }

        command.Add(_socket);
        command.Add(_id);
        command.Add(_untilInputEnds);
        command.Add(_json);
        return command;
    }

    /// <summary>Serves until the end. What is wrong with the options or what they name is said, and is exit status 2.</summary>
    /// <param name="parsed">The line.</param>
    /// <param name="describe">Reads the command's own options, and gives what the device's id is if no option says so, or null, and who makes it.</param>
    /// <param name="cancellation">Ctrl-C and SIGTERM.</param>
    internal async Task<int> RunAsync(
        ParseResult parsed,
        Func<string, (string? Id, Func<string, IEventLog, IServedDevice> Make)> describe,
        CancellationToken cancellation)
    {
        try
        {
            string path = parsed.GetRequiredValue(_socket);
            (string? id, Func<string, IEventLog, IServedDevice> make) = describe(path);
            string name = parsed.GetValue(_id) is { } given ? ServedDiskOption.CheckId("--id '", given) : id ?? IdOf(path);
            EventLog log = new(System.Console.Error);
            ServeReport report;
            using (IServedDevice device = make(name, log))
            {
                await System.Console.Error.WriteLineAsync($"viaduct: ready: {name} at {path}");
                await ServeEnd.WaitAsync(parsed.GetValue(_untilInputEnds), cancellation);
                report = device.Report();
            }

            log.Flush();
            if (parsed.GetValue(_json))
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

    /// <summary>Refuses a folder where a socket is wanted.</summary>
    /// <exception cref="FormatException">It is one.</exception>
    internal static void CheckSocket(string path, string remedy = "name a socket in it")
    {
        if (Directory.Exists(path))
        {
            throw new FormatException($"--vfio-user '{path}' is a folder: {remedy}");
        }
    }

    private string IdOf(string socket)
    {
        string name = string.Concat(Path.GetFileNameWithoutExtension(Path.TrimEndingDirectorySeparator(socket)).Where(ServedDiskOption.IsIdCharacter).Take(ServedDiskOption.LongestId));
        return name.Length == 0 ? _kind : name;
    }
}
