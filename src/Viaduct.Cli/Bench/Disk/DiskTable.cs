using System.Globalization;
using Spectre.Console;

namespace Viaduct.Cli.Bench.Disk;

/// <summary>The disk bench's report for people.</summary>
internal static class DiskTable
{
    internal static void Write(DiskReport report)
    {
        bool peers = report.Roads.Any(road => road.Peer is not null);
        string[] headings = ["median", "least – most", .. peers ? (string[])["peer's", "least – most", "ratio"] : [], "exits/\nrequest", "interrupts/\nrequest", "monitor\nCPU/request"];
        Table table = BenchTable.Create("disk and load", headings);
        foreach (DiskRow row in report.Rows)
        {
            BenchResult speed = row.Speed;
            string[] peer = speed is { PeerValue: { } value, PeerSpread: { } spread, Ratio: { } ratio }
                ? [BenchTable.Number(value), BenchTable.Spread(spread), BenchTable.Fraction(ratio)]
                : ["", "", ""];
            table.AddRow(
            [
                speed.Name,
                $"{BenchTable.Number(speed.Value)} {speed.Unit}",
                BenchTable.Spread(speed.Spread),
                .. peers ? peer : [],
                BenchTable.Fraction(row.Exits),
                BenchTable.Fraction(row.Interrupts),
                row.CpuMicroseconds.ToString("F0", CultureInfo.InvariantCulture) + " µs",
            ]);
        }

        BenchTable.Write(table);
        foreach ((string road, string? peer) in report.Roads.Where(road => road.Peer is not null))
        {
            System.Console.Out.WriteLine($"beside {road}: {peer}");
        }

        WriteTogether(report);
        BenchTable.WriteMachine(report.Machine);
    }

    private static void WriteTogether(DiskReport report)
    {
        if (!report.Together.Any())
        {
            return;
        }

        Table table = BenchTable.Create("one controller and load", "median", "least – most", "slowest guest\nby fastest", "least – most");
        foreach ((BenchResult sum, BenchResult fairness) in report.Together)
        {
            table.AddRow(
                sum.Name,
                $"{BenchTable.Number(sum.Value)} {sum.Unit}",
                BenchTable.Spread(sum.Spread),
                BenchTable.Fraction(fairness.Value),
                $"{BenchTable.Fraction(fairness.Spread[0])} – {BenchTable.Fraction(fairness.Spread[1])}");
        }

        BenchTable.Write(table);
    }
}
