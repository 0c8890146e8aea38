using Viaduct.Cli.Demo;

namespace Viaduct.Cli.Tests.Demo;

public sealed class DemoTableTests
{
    [Fact]
    public void Write_TwoRoads_ShowsEachFigureForARequest()
    {
        using StringWriter output = new();
        DemoTable.Write(new DemoReport { Engine = "software", Seconds = 9, Roads = [Road("emulated"), Road("paravirtual")] }, output, plain: true);
        string row = output.ToString().Split('\n').Single(line => line.Contains("emulated ", StringComparison.Ordinal) && line.StartsWith('│'));
        string[] cells = [.. row.Split('│', StringSplitOptions.RemoveEmptyEntries).Select(cell => cell.Trim())];
        Assert.Equal(["emulated", "demo", "nvme", "nvme", "4.0", "50", "2.00", "0.50", "5000 µs", "verified"], cells);
        Assert.DoesNotContain('\e', output.ToString());
    }

    [Fact]
    public void Conclusion_RoadNotVerified_ClaimsNothing()
    {
        DemoReport report = new() { Engine = "software", Seconds = 9, Roads = [Road("emulated"), Road("paravirtual") with { Verified = false }] };
        Assert.StartsWith("Not every road", DemoTable.Conclusion(report), StringComparison.Ordinal);
    }

    [Fact]
    public void Conclusion_FourRoads_CountsTheGuestsThatShare()
    {
        RoadReport[] roads = [Road("emulated"), Road("paravirtual"), Road("assigned"), Road("shared"), Road("shared"), Road("shared")];
        string conclusion = DemoTable.Conclusion(new DemoReport { Engine = "software", Seconds = 9, Roads = roads });
        Assert.Contains("62.50 ms of CPU and 25.0 exits on the assigned road", conclusion, StringComparison.Ordinal);
        Assert.EndsWith("and the shared one 3 at once.", conclusion, StringComparison.Ordinal);
    }

    internal static RoadReport Road(string road) => new()
    {
        Road = road,
        Device = "nvme",
        Driver = "nvme",
        Guest = "demo",
        Bytes = 8_000_000,
        Seconds = 2,
        Requests = 100,
        Exits = 200,
        Interrupts = 50,
        MonitorCpuSeconds = 0.5,
        Verified = true,
    };
}
