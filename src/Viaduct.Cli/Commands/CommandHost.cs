using System.CommandLine;
using System.CommandLine.Parsing;
using Viaduct.Cli.Serve;

namespace Viaduct.Cli.Commands;

/// <summary>Runs a command line: bad options exit with 2 and are quoted, cancellation comes from Ctrl-C and SIGTERM.</summary>
internal static class CommandHost
{
    internal static async Task<int> InvokeAsync(RootCommand root, string[] args)
    {
        ParseResult parsed = root.Parse(args);
        if (parsed.Errors.Count > 0)
        {
            foreach (ParseError error in parsed.Errors)
            {
                await System.Console.Error.WriteLineAsync($"viaduct: {error.Message}");
            }

            string command = parsed.CommandResult.Command is RootCommand ? "" : " " + parsed.CommandResult.Command.Name;
            await System.Console.Error.WriteLineAsync($"viaduct: see 'viaduct{command} --help'");
            return ExitCodes.BadUsage;
        }

        // A server that its parent ends takes signals in its own way.
        TimeSpan? patience = parsed.Tokens.Any(token => token.Value == ServeEnd.UntilInputEnds) ? null : TimeSpan.FromSeconds(10);
        return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = patience });
    }
}
