using System.CommandLine;
using System.Text.Json;
using Viaduct.Cli.Lab;
using Viaduct.Cli.Lab.Specification;
using Viaduct.Machine.Specification;

namespace Viaduct.Cli.Commands;

/// <summary><c>viaduct up</c>: several guests from a file, with the devices that they share.</summary>
internal static class UpCommand
{
    internal static Command Create()
    {
        Argument<string> file = new("LAB.yaml") { Description = "Guests, served devices, and which road each guest takes; docs/labs.md describes it." };
        Option<bool> json = new("--json") { Description = "Write the report as one JSON object on standard output." };
        Option<bool> verbose = new("--verbose") { Description = "Show all guests' consoles on standard error, a guest's name before each line." };
        Option<string> engine = EngineOption.Create();
        Command command = new("up", """
            Runs several guests at once: their disks, the devices that processes of their own serve to them, and which
            road each takes, from a file. Ends when all guests have; then a table says what each device cost. Ctrl-C
            takes all down.

            Example:
              viaduct up examples/all-roads.yaml

            Exit status: 0 all guests powered off and their scripts ended well, 2 the file or what it names can't be
            used, 130 interrupted; where a guest failed, what 'viaduct run' says of it.
            """)
        {
            file, json, verbose, engine,
        };
        command.SetAction((parsed, cancellation) =>
        {
            bool asJson = parsed.GetValue(json);
            LabOptions options = new() { Engine = EngineOption.Read(parsed, engine), Verbose = parsed.GetValue(verbose) };
            return LabSession.RunAsync(() => Read(parsed.GetRequiredValue(file), options.Engine, asJson), options, report => Write(report, asJson), cancellation);
        });
        return command;
    }

    private static LabSpec Read(string file, EngineChoice engine, bool json)
    {
        LabSpec lab = LabReader.ReadFile(file);
        string? problem = MachineSpec.EngineProblem(engine)
            ?? (json && lab.Guests.Any(guest => guest.Console.Kind == LabConsoleKind.Stdio) ? "--json: standard output is a guest's console" : null);
        return problem is null ? lab : throw new FormatException(problem);
    }

    private static void Write(LabReport report, bool json)
    {
        TextWriter output = System.Console.Out;
        if (json)
        {
            output.WriteLine(JsonSerializer.Serialize(report, JsonReports.Default.LabReport));
        }
        else
        {
            LabTable.Write(report, output, System.Console.IsOutputRedirected);
        }
    }
}
