using Viaduct.Cli.Lab.Specification;

namespace Viaduct.Cli.Lab.Consoles;

/// <summary>Makes consoles.</summary>
internal static class LabConsoles
{
    /// <summary>Makes what a guest's file names.</summary>
    /// <param name="console">What is asked for.</param>
    /// <param name="leave">Called when the user leaves by the terminal.</param>
    /// <exception cref="IOException">It can't be made.</exception>
    internal static ILabConsole Open(LabConsole console, Action leave) => console.Kind switch
    {
        LabConsoleKind.Stdio => new TerminalConsole(leave),
        LabConsoleKind.File => new FileConsole(console.Path),
        LabConsoleKind.Socket => new SocketConsole(console.Path),
        _ => new NoConsole(),
    };
}
