using System.Globalization;
using Spectre.Console;

namespace Viaduct.Cli.Bench.Disk;

/// <summary>The disk bench's report for people.</summary>
internal static class DiskTable
{
    internal static void Write(DiskReport report)
    {
        bool peers = report.Peers.Count > 0;
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

        BenchTable.Write(table, report.Machine);
        for (int i = 0; i < report.Peers.Count; i++)
        {
            System.Console.Out.WriteLine($"beside {report.Roads[i]}: {report.Peers[i]}");
        }
    }
}
