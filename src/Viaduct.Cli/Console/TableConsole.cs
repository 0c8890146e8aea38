using Spectre.Console;

namespace Viaduct.Cli.Console;

/// <summary>Where tables of functions are written.</summary>
internal static class TableConsole
{
    // Wide enough for the tables where the output is no terminal, which has a width of its own.
    private const int PlainWidth = 160;

    /// <summary>A console of a writer's.</summary>
    /// <param name="writer">Takes the text.</param>
    /// <param name="plain">Whether it is no terminal.</param>
    internal static IAnsiConsole Create(TextWriter writer, bool plain)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(writer),
            Ansi = plain ? AnsiSupport.No : AnsiSupport.Detect,
            ColorSystem = plain ? ColorSystemSupport.NoColors : ColorSystemSupport.Detect,
        });
        if (plain)
        {
            console.Profile.Width = PlainWidth;
        }

        return console;
    }

    /// <summary>What comes from other processes, without what a terminal would obey.</summary>
    internal static string Printable(string text) => string.Concat(text.Where(character => !char.IsControl(character)));
}
