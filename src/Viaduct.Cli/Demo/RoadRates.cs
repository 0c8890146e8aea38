using System.Globalization;

namespace Viaduct.Cli.Demo;

/// <summary>What a road's counts come to for each request, each MB and each second; not finite where nothing was done.</summary>
internal static class RoadRates
{
    internal static double MegabytesPerSecond(RoadReport road) => Megabytes(road) / road.Seconds;

    internal static double RequestsPerSecond(RoadReport road) => road.Requests / road.Seconds;

    internal static double ExitsPerRequest(RoadReport road) => (double)road.Exits / road.Requests;

    internal static double InterruptsPerRequest(RoadReport road) => (double)road.Interrupts / road.Requests;

    internal static double MonitorMicrosecondsPerRequest(RoadReport road) => road.MonitorCpuSeconds * 1e6 / road.Requests;

    // Per MB, not per request: drivers cut the same work into requests of different sizes.
    internal static double MonitorMillisecondsPerMegabyte(RoadReport road) => road.MonitorCpuSeconds * 1e3 / Megabytes(road);

    internal static double ExitsPerMegabyte(RoadReport road) => road.Exits / Megabytes(road);

    /// <summary>A rate for people.</summary>
    internal static string Format(double value, string format) =>
        double.IsFinite(value) ? value.ToString(format, CultureInfo.InvariantCulture) : "-";

    private static double Megabytes(RoadReport road) => road.Bytes / 1e6;
}
