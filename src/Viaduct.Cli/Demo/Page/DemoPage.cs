using System.Globalization;
using System.Net;
using System.Text;

namespace Viaduct.Cli.Demo.Page;

/// <summary>The demonstration's report as a page that needs nothing else: no script, no other file.</summary>
internal static class DemoPage
{
    private const string Template = "Viaduct.Cli.Demo.Page.page.html";

    internal static string Render(DemoReport report) => new StringBuilder(ReadTemplate())
        .Replace("{{lead}}", Text(Lead(report)))
        .Replace("{{ways}}", string.Concat(report.Roads.Select(road => road.Road).Distinct().Select(Way)))
        .Replace("{{rows}}", string.Concat(report.Roads.Select(Row)))
        .Replace("{{charts}}", Chart(report, "Exits a request", "F2", RoadRates.ExitsPerRequest)
            + Chart(report, "Monitor CPU for each MB, ms", "F2", RoadRates.MonitorMillisecondsPerMegabyte)
            + Chart(report, "MB/s", "F1", RoadRates.MegabytesPerSecond))
        .Replace("{{refusal}}", Refusal(report))
        .Replace("{{conclusion}}", Text(DemoTable.Conclusion(report)))
        .ToString();

    private static string Lead(DemoReport report) => string.Create(
        CultureInfo.InvariantCulture,
        $"A stock Linux wrote and read back the same amount on each road, on the {report.Engine} engine, in {report.Seconds:F0} s altogether.");

    private static string Way(string road)
    {
        (string title, string[] steps) = Describe(road);
        IEnumerable<string> boxes = steps.Select(step => step[0] == '!' ? $"<span class=\"trap\">{Text(step[1..])}</span>" : $"<span>{Text(step)}</span>");
        return $"<div class=\"road\"><b>{road}</b>: {Text(title)}<div class=\"way\">{string.Join("<i>→</i>", boxes)}</div></div>\n";
    }

    private static (string Title, string[] Steps) Describe(string road) => road switch
    {
        "emulated" => ("the monitor models real hardware, and each register access is trapped", ["guest's stock driver", "!trapped register access", "device model in the monitor", "disk image"]),
        "paravirtual" => ("driver and monitor share queues made for it", ["guest's virtio driver", "!doorbell", "back-end in the monitor", "disk image"]),
        "assigned" => ("one device is given whole to one guest", ["guest's stock driver", "doorbell page, mapped", "device in a process of its own", "disk image"]),
        _ => ("a device derives virtual functions, one for each guest", ["guests' stock drivers", "each VF's doorbell page, mapped", "one controller in a process of its own", "disk images"]),
    };

    private static string Row(RoadReport road)
    {
        string[] cells =
        [
            road.Road,
            road.Guest,
            road.Device,
            road.Driver,
            RoadRates.Format(RoadRates.MegabytesPerSecond(road), "F1"),
            RoadRates.Format(RoadRates.RequestsPerSecond(road), "F0"),
            RoadRates.Format(RoadRates.ExitsPerRequest(road), "F2"),
            RoadRates.Format(RoadRates.InterruptsPerRequest(road), "F2"),
            RoadRates.Format(RoadRates.MonitorMicrosecondsPerRequest(road), "F0") + " µs",
        ];
        string verdict = road.Verified ? "verified" : "wrong";
        return $"<tr>{string.Concat(cells.Select(cell => $"<td>{Text(cell)}</td>"))}<td class=\"{verdict}\">{verdict}</td></tr>\n";
    }

    private static string Chart(DemoReport report, string title, string format, Func<RoadReport, double> value)
    {
        double largest = report.Roads.Select(value).Where(double.IsFinite).DefaultIfEmpty().Max();
        StringBuilder bars = new();
        foreach (RoadReport road in report.Roads)
        {
            double part = largest > 0 && double.IsFinite(value(road)) ? value(road) / largest : 0;
            bars.Append(CultureInfo.InvariantCulture, $"<span>{Text($"{road.Road}, {road.Guest}")}</span><div style=\"--part: {part:F3}\">{RoadRates.Format(value(road), format)}</div>\n");
        }

        return $"<h2>{Text(title)}</h2>\n<div class=\"chart\">\n{bars}</div>\n";
    }

    private static string Refusal(DemoReport report) => report.Refusal is { } refusal
        ? $"<h2>One device, one guest</h2>\n<p>A second guest asked for the device of the assigned road, and was told:</p>\n<blockquote>{Text(refusal)}</blockquote>\n"
        : "";

    private static string Text(string text) => WebUtility.HtmlEncode(text);

    private static string ReadTemplate()
    {
        using Stream stream = typeof(DemoPage).Assembly.GetManifestResourceStream(Template)
            ?? throw new InvalidOperationException($"the resource {Template} isn't part of this build");
        using StreamReader reader = new(stream);
        return reader.ReadToEnd();
    }
}
