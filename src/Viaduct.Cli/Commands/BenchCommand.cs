using System.CommandLine;

namespace Viaduct.Cli.Commands;

/// <summary><c>viaduct bench</c>: the figures.</summary>
internal static class BenchCommand
{
    internal static Command Create() => new("bench", "Measures this machine's engines and roads; each prints a table, or JSON with --json.")
    {
        BenchInstructionsCommand.Create(),
    };
}
