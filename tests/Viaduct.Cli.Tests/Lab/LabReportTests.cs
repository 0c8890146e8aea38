using System.Text.Json;
using Viaduct.Cli.Commands;
using Viaduct.Cli.Lab;
using Viaduct.Platform.Accounting;

namespace Viaduct.Cli.Tests.Lab;

public sealed class LabReportTests
{
    [Fact]
    public void Report_AsJson_HasTheDocumentedNames()
    {
        using JsonDocument json = JsonDocument.Parse(JsonSerializer.Serialize(Report(Guest(null)), JsonReports.Default.LabReport));
        Assert.Equal(["guests", "seconds"], Names(json.RootElement));
        JsonElement guest = json.RootElement.GetProperty("guests")[0];
        Assert.Equal(["devices", "ended", "engine", "guest"], Names(guest));
        Assert.Equal(
            ["device", "dmaReadBytes", "dmaWrittenBytes", "doorbells", "exits", "interrupts", "kind", "monitorCpuSeconds", "requests", "road"],
            Names(guest.GetProperty("devices")[0]));
    }

    [Fact]
    public void Table_HasALineAGuestAndDevice()
    {
        using StringWriter text = new();
        LabTable.Write(Report(Guest(null), Guest("it [failed]") with { Guest = "b[x]", Devices = [] }), text, plain: true);
        string[] lines = text.ToString().Split('\n');
        Assert.Contains(lines, line => line.Contains("disk0 (nvme)", StringComparison.Ordinal) && line.Contains("0.50", StringComparison.Ordinal) && line.Contains("powered off", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.Contains("b[x]", StringComparison.Ordinal) && line.Contains("failed", StringComparison.Ordinal));
    }

    [Fact]
    public void ExitCode_IsTheFirstFailures()
    {
        Assert.Equal(ExitCodes.Success, Report(Guest(null)).ExitCode);
        Assert.Equal(ExitCodes.GuestPanic, Report(Guest(null), Guest("panic") with { ExitCode = ExitCodes.GuestPanic }).ExitCode);
        Assert.Equal(ExitCodes.Failure, (Report(Guest(null)) with { LostDevices = ["gone"] }).ExitCode);
    }

    private static LabReport Report(params LabGuestReport[] guests) => new() { Seconds = 1, Guests = guests };

    private static LabGuestReport Guest(string? failure) => new()
    {
        Guest = "a",
        Engine = "software",
        Ended = "PowerOff",
        Failure = failure,
        ExitCode = ExitCodes.Success,
        Devices = [new LabDeviceReport { Device = "disk0", Kind = "nvme", Road = "emulated", Counts = new DeviceCounts { Requests = 4, Exits = 2 } }],
    };

    private static IEnumerable<string> Names(JsonElement element) =>
        element.EnumerateObject().Select(property => property.Name).Order(StringComparer.Ordinal);
}
