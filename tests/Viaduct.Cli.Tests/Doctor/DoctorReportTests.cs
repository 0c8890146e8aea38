using System.Text.Json;
using Viaduct.Cli.Commands;
using Viaduct.Cli.Doctor;
using Viaduct.Cli.Doctor.Host;
using Viaduct.Engines.Kvm;

namespace Viaduct.Cli.Tests.Doctor;

public sealed class DoctorReportTests
{
    private static readonly HostFinding _good = new("x", true, "fine", "");

    [Fact]
    public void Roads_OfAHostWithoutIommu_SayWhatIsMissingAndTheRemedy()
    {
        HostReport host = new(new HostFinding("iommu", false, "absent", "switch it on"), new HostFinding("remapping", false, "no IOMMU", ""), _good, _good, _good);
        DoctorReport report = DoctorReport.Examine(default, null, host);
        Assert.All(report.Roads, road => Assert.True(road.Usable));
        Assert.All(report.Roads.Skip(2), road => Assert.Equal("switch it on", road.Remedy));
        Assert.All(report.Roads.Skip(2), road => Assert.Contains("iommu: absent", road.Reason, StringComparison.Ordinal));
    }

    [Fact]
    public void Roads_OfAHostThatHasEverything_NeedNoRemedy() =>
        Assert.All(DoctorReport.Examine(default, null, new HostReport(_good, _good, _good, _good, _good)).Roads, road => Assert.Empty(road.Remedy));

    [Fact]
    public void Kvm_ThatIsAbsent_HasItsRemedyFromTheHost()
    {
        EngineState kvm = DoctorReport.Examine(default, ("no KVM loaded", "modprobe kvm_amd"), new HostReport(_good, _good, _good, _good, _good)).Engines[0];
        Assert.False(kvm.Usable);
        Assert.Contains("no KVM loaded", kvm.Reason, StringComparison.Ordinal);
        Assert.Equal("modprobe kvm_amd", kvm.Remedy);
    }

    [Fact]
    public void Report_OfThisHost_HasTheDocumentedNames()
    {
        using JsonDocument json = JsonDocument.Parse(JsonSerializer.Serialize(DoctorReport.Examine(), JsonReports.Default.DoctorReport));
        Assert.Equal(["auto", "engines", "host", "ioUring", "roads"], Names(json.RootElement));
        Assert.Equal(["name", "reason", "remedy", "usable"], Names(json.RootElement.GetProperty("engines")[0]));
        Assert.Equal(["reason", "remedy", "road", "usable"], Names(json.RootElement.GetProperty("roads")[0]));
        Assert.Equal(["name", "reason", "remedy", "usable"], Names(json.RootElement.GetProperty("host")[0]));
        Assert.Equal(
            json.RootElement.GetProperty("auto").GetString(),
            json.RootElement.GetProperty("engines").EnumerateArray().First(engine => engine.GetProperty("usable").GetBoolean()).GetProperty("name").GetString());
    }

    [Fact]
    public void Findings_OfThisHost_AreOnesOrHaveAReason() =>
        Assert.All(HostReport.Look(new HostFiles("/")).All, finding => Assert.NotEmpty(finding.Reason));

    private static IEnumerable<string> Names(JsonElement element) => element.EnumerateObject().Select(property => property.Name).Order(StringComparer.Ordinal);
}
