using System.CommandLine;

namespace Viaduct.Cli.Commands;

/// <summary><c>viaduct bench</c>: the figures, each by a command of its own.</summary>
internal static class BenchCommand
{
    internal static Command Create() => new("bench", "Measures what Viaduct costs on this machine, and checks it against the real thing.")
    {
        BenchDiskCommand.Create(),
        BenchEngineCommand.Create(),
        BenchEngineCommand.CreateRun(),
        BenchExitsCommand.Create(),
        BenchInstructionsCommand.Create(),
        BenchVfioUserCommand.Create(),
    };
}
