using System.Globalization;
using Spectre.Console;

namespace Viaduct.Cli.Demo;

/// <summary>The demonstration's report for people.</summary>
internal static class DemoTable
{
    // Wide enough for the table where the output is no terminal, which has a width of its own.
    private const int PlainWidth = 140;

    internal static void Write(DemoReport report, TextWriter writer, bool plain)
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

        Table table = new() { Border = TableBorder.Rounded };
        table.AddColumns("road", "guest", "device", "driver");
        foreach (string heading in (ReadOnlySpan<string>)["MB/s", "requests/s", "exits/\nrequest", "interrupts/\nrequest", "monitor CPU/\nrequest"])
        {
            table.AddColumn(new TableColumn(heading).RightAligned());
        }

        table.AddColumn("checksums");
        foreach (RoadReport road in report.Roads)
        {
            table.AddRow(
                road.Road,
                road.Guest,
                road.Device,
                Markup.Escape(road.Driver.Length == 0 ? "none" : road.Driver),
                RoadRates.Format(RoadRates.MegabytesPerSecond(road), "F1"),
                RoadRates.Format(RoadRates.RequestsPerSecond(road), "F0"),
                RoadRates.Format(RoadRates.ExitsPerRequest(road), "F2"),
                RoadRates.Format(RoadRates.InterruptsPerRequest(road), "F2"),
                RoadRates.Format(RoadRates.MonitorMicrosecondsPerRequest(road), "F0") + " µs",
                road.Verified ? "[green]verified[/]" : "[red]wrong[/]");
        }

        console.Write(table);
        if (report.Refusal is { } refusal)
        {
            writer.WriteLine($"A second guest that asked for the assigned device was refused: {refusal}");
        }

        writer.WriteLine(Conclusion(report));
    }

    /// <summary>What the numbers say, in a sentence.</summary>
    internal static string Conclusion(DemoReport report)
    {
        if (report.Roads.Count == 0 || report.Roads.Any(road => !road.Verified))
        {
            return "Not every road carried the data unchanged: its figures mean nothing.";
        }

        IEnumerable<string> costs = report.Roads.GroupBy(road => road.Road).Select(group => string.Create(
            CultureInfo.InvariantCulture,
            $"{group.Average(RoadRates.MonitorMillisecondsPerMegabyte):F2} ms of CPU and {group.Average(RoadRates.ExitsPerMegabyte):F1} exits on the {group.Key} road"));
        int sharing = report.Roads.Count(road => road.Road == "shared");
        string served = sharing == 0 ? "" : string.Create(
            CultureInfo.InvariantCulture,
            $"; an assigned device served one guest, and the shared one {sharing} at once");
        return $"For each MB that a guest moved, monitor and device took {string.Join(", ", costs)}{served}.";
    }
}
