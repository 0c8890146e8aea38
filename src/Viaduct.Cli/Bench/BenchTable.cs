using System.Globalization;
using Spectre.Console;

namespace Viaduct.Cli.Bench;

/// <summary>How benches write for people.</summary>
internal static class BenchTable
{
    // Wide enough for every bench's table where the output is no terminal, which has a width of its own.
    private const int PlainWidth = 180;

    /// <summary>A table with one column of words and others of numbers.</summary>
    internal static Table Create(string first, params ReadOnlySpan<string> others)
    {
        Table table = new() { Border = TableBorder.Rounded };
        table.AddColumn(first);
        foreach (string heading in others)
        {
            table.AddColumn(new TableColumn(heading).RightAligned().NoWrap());
        }

        return table;
    }

    /// <summary>Writes it on standard output.</summary>
    internal static void Write(Table table)
    {
        if (System.Console.IsOutputRedirected)
        {
            AnsiConsole.Profile.Width = PlainWidth;
        }

        AnsiConsole.Write(table);
    }

    /// <summary>Writes where it was measured.</summary>
    internal static void WriteMachine(BenchMachine machine)
    {
        System.Console.Out.WriteLine($"{machine.Processor}, {machine.Processors} processors, {machine.Runtime}");
        if (machine.Storage is { } storage)
        {
            System.Console.Out.WriteLine($"images: {storage}");
        }
    }

    /// <summary>A number; digits after the point for small ones.</summary>
    internal static string Number(double value) => value.ToString(value < 1000 ? "F1" : "F0", CultureInfo.InvariantCulture);

    /// <summary>A number with two digits after the point.</summary>
    internal static string Fraction(double value) => value.ToString("F2", CultureInfo.InvariantCulture);

    /// <summary>The least and the greatest of several runs.</summary>
    internal static string Spread(IReadOnlyList<double> spread) => $"{Number(spread[0])} – {Number(spread[1])}";
}
