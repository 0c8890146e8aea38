using System.CommandLine;
using System.Text.Json;
using Viaduct.Cli.Parsing;
using Viaduct.Cli.Serve;
using Viaduct.Sriov;
using Viaduct.Sriov.Control;

namespace Viaduct.Cli.Commands;

/// <summary><c>viaduct sriov</c>: the functions of a served controller, and who holds which.</summary>
internal static class SriovCommand
{
    private const string Statuses = """

        Exit status: 0 done, 1 refused or failed, 2 bad options or no controller is served there, 5 a guest holds the
        function; the message says who.
        """;

    internal static Command Create() => new("sriov", "Lists, creates, removes and limits the virtual functions of a controller that 'viaduct serve nvme --vfs' shares.")
    {
        CreateList(),
        CreateCreate(),
        CreateRemove(),
        CreateSet(),
    };

    private static Command CreateList()
    {
        Argument<string> folder = Folder();
        Option<bool> json = Json();
        Command command = new("list", "Says which functions there are, who holds each, and what they did so far." + Statuses) { folder, json };
        command.SetAction(parsed => Ask(parsed.GetRequiredValue(folder), new ControlRequest { Command = "list" }, parsed.GetValue(json), quiet: false));
        return command;
    }

    private static Command CreateCreate()
    {
        Argument<string> folder = Folder();
        Argument<int> count = new("N") { Description = "How many more. They take the lowest numbers that are free.", DefaultValueFactory = _ => 1 };
        Option<bool> json = Json();
        Command command = new("create", "Creates virtual functions, up to as many as the controller was started with." + Statuses) { folder, count, json };
        command.SetAction(parsed => Ask(
            parsed.GetRequiredValue(folder), new ControlRequest { Command = "create", Count = parsed.GetValue(count) }, parsed.GetValue(json), quiet: true));
        return command;
    }

    private static Command CreateRemove()
    {
        Argument<string> folder = Folder();
        Argument<int[]> numbers = new("N") { Description = "Which, by their numbers; all of them if none is given.", Arity = ArgumentArity.ZeroOrMore };
        Option<bool> force = new("--force") { Description = "Also those that are held: they are pulled out of their running guests." };
        Option<bool> json = Json();
        Command command = new("remove", """
            Removes virtual functions: their sockets go, and what they were to their guests. Where one of them is held, none
            is removed. What is on their namespaces stays, and is there again when they are created again.

            """ + Statuses)
        {
            folder, numbers, force, json,
        };
        command.SetAction(parsed =>
        {
            int[] which = parsed.GetValue(numbers) ?? [];
            ControlRequest request = new() { Command = "remove", Functions = which.Length == 0 ? null : which, Force = parsed.GetValue(force) };
            return Ask(parsed.GetRequiredValue(folder), request, parsed.GetValue(json), quiet: true);
        });
        return command;
    }

    private static Command CreateSet()
    {
        Argument<string> folder = Folder();
        Argument<string[]> parts = new("PARTS") { Description = FunctionChangeOption.Syntax + "; 0 is no limit.", Arity = ArgumentArity.OneOrMore };
        Option<bool> json = Json();
        Command command = new("set", $"""
            Limits how fast a function may work, so that one guest can't starve another, or takes its controller off line. It
            holds at once and until it is changed, whoever holds the function. What isn't named stays as it is.

            Examples:
              viaduct sriov set /run/nvme vf=1 iops=5000 bandwidth=200M burst=100ms
              viaduct sriov set /run/nvme vf=2 online=off
            {Statuses}
            """)
        {
            folder, parts, json,
        };
        command.SetAction(parsed =>
        {
            try
            {
                (int function, FunctionChange change) = FunctionChangeOption.Parse(parsed.GetRequiredValue(parts));
                ControlRequest request = new() { Command = "set", Function = function, Change = change };
                return Ask(parsed.GetRequiredValue(folder), request, parsed.GetValue(json), quiet: true);
            }
            catch (FormatException error)
            {
                System.Console.Error.WriteLine($"viaduct: {error.Message}");
                return ExitCodes.BadUsage;
            }
        });
        return command;
    }

    private static Argument<string> Folder() => new("DIR") { Description = "The folder of its sockets, as given to 'viaduct serve nvme --vfio-user'." };

    private static Option<bool> Json() => new("--json") { Description = "Write how things stand then as one JSON object on standard output." };

    private static int Ask(string folder, ControlRequest request, bool json, bool quiet)
    {
        ControlReply reply;
        try
        {
            reply = ControlClient.Ask(folder, request);
        }
        catch (ServedFolderException error)
        {
            System.Console.Error.WriteLine($"viaduct: {error.Message}");
            return ExitCodes.BadUsage;
        }

        if (json)
        {
            System.Console.Out.WriteLine(JsonSerializer.Serialize(reply, ControlJson.Default.ControlReply));
        }
        else if (!quiet)
        {
            FunctionTable.Write(reply, System.Console.Out, System.Console.IsOutputRedirected);
        }

        if (reply.Error is not { } refusal)
        {
            return ExitCodes.Success;
        }

        System.Console.Error.WriteLine($"viaduct: {refusal.Message}");
        return refusal.Kind == ControlErrorKind.Held ? ExitCodes.DeviceHeld : ExitCodes.Failure;
    }
}
