using System.Globalization;
using Spectre.Console;

namespace Viaduct.Cli.Demo;

/// <summary>The demonstration's report for people.</summary>
internal static class DemoTable
{
    // Wide enough for the table where the output is no terminal, which has a width of its own.
    private const int PlainWidth = 120;

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
        table.AddColumns("road", "device", "driver");
        foreach (string heading in (ReadOnlySpan<string>)["MB/s", "requests/s", "exits/\nrequest", "interrupts/\nrequest", "monitor CPU/\nrequest"])
        {
            table.AddColumn(new TableColumn(heading).RightAligned());
        }

        table.AddColumn("checksums");
        foreach (RoadReport road in report.Roads)
        {
            table.AddRow(
                road.Road,
                road.Device,
                Markup.Escape(road.Driver.Length == 0 ? "none" : road.Driver),
                Number(road.Bytes / 1e6 / road.Seconds, "F1"),
                Number(road.Requests / road.Seconds, "F0"),
                Number((double)road.Exits / road.Requests, "F2"),
                Number((double)road.Interrupts / road.Requests, "F2"),
                Number(road.MonitorCpuSeconds * 1e6 / road.Requests, "F0") + " µs",
                road.Verified ? "[green]verified[/]" : "[red]wrong[/]");
        }

        console.Write(table);
        writer.WriteLine(Conclusion(report));
    }

    /// <summary>What the numbers say, in a sentence.</summary>
    internal static string Conclusion(DemoReport report)
    {
        RoadReport? emulated = report.Roads.FirstOrDefault(road => road.Road == "emulated");
        RoadReport? paravirtual = report.Roads.FirstOrDefault(road => road.Road == "paravirtual");
        if (emulated is null || paravirtual is null || report.Roads.Any(road => !road.Verified))
        {
            return "Not every road carried the data unchanged: its figures mean nothing.";
        }

        RoadReport dear = Cost(emulated) >= Cost(paravirtual) ? emulated : paravirtual;
        RoadReport cheap = dear == emulated ? paravirtual : emulated;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"To write {emulated.Bytes >> 21} MiB and read them back, the {dear.Road} road took the monitor {Cost(dear):F2} ms of CPU for each MB and the "
            + $"{cheap.Road} road {Cost(cheap):F2} ms, at {PerMegabyte(dear.Exits, dear):F1} and {PerMegabyte(cheap.Exits, cheap):F1} exits.");
    }

    // Per MB, not per request: drivers cut the same work into requests of different sizes.
    private static double Cost(RoadReport road) => PerMegabyte(road.MonitorCpuSeconds * 1e3, road);

    private static double PerMegabyte(double amount, RoadReport road) => amount / (road.Bytes / 1e6);

    private static string Number(double value, string format) =>
        double.IsFinite(value) ? value.ToString(format, CultureInfo.InvariantCulture) : "-";
}
