using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text.Json;
using Viaduct.Cli.Bench;
using Viaduct.Cli.Commands;
using Viaduct.Cli.Demo;
using Viaduct.Cli.Tests.Demo;
using Viaduct.Engines.Kvm;
using Viaduct.Machine.Specification;

namespace Viaduct.Cli.Tests.Commands;

public sealed class CommandLineTests
{
    [Theory]
    [InlineData("run --kernel k")]
    [InlineData("run --kernel k --initrd i --append console=ttyS0 --memory 1G --cpus 1 --engine software --name n --disk path=a --disk path=b,road=emulated")]
    [InlineData("demo --json --engine auto")]
    [InlineData("doctor --json")]
    [InlineData("serve virtio-blk --disk path=a,readonly --queues 4 --vfio-user s --id i --json --until-input-ends")]
    [InlineData("serve virtio-rng --vfio-user s --json")]
    [InlineData("sriov list")]
    [InlineData("sriov list eth3 --json")]
    [InlineData("sriov create 01:00.0 4 vlan=100 autoprobe=off --force")]
    [InlineData("sriov create eth3 mac=52:54:00:00:00:01")]
    [InlineData("sriov remove eth3 3 4 --force")]
    [InlineData("sriov set eth3 vf=1 vlan=0")]
    [InlineData("up lab.yaml --json --verbose --engine software")]
    [InlineData("bench engine --json --runs 5")]
    [InlineData("bench instructions --json --cases 10")]
    [InlineData("bench exits --json --runs 3 --milliseconds 5 --peer-program /tmp/peer")]
    [InlineData("bench disk --peer qemu --qemu /opt/qemu --json --roads emulated,assigned,shared,paravirtual --vfs 1,2,4,7 --seconds 5 --runs 3 --engine software")]
    public void Line_AsDocumented_IsTaken(string line) => Assert.Empty(Parse(line).Errors);

    [Theory]
    [InlineData("run", "--kernel")]
    [InlineData("run --kernel k --engine xen", "xen")]
    [InlineData("run --kernel k --cpus many", "many")]
    [InlineData("demo --quick", "--quick")]
    [InlineData("serve virtio-blk --disk path=a --queues 0 --vfio-user s", "'0'")]
    [InlineData("serve virtio-rng", "--vfio-user")]
    [InlineData("bench engine --runs 0", "'0'")]
    [InlineData("bench engine --runs 101", "'101'")]
    [InlineData("bench exits --milliseconds 0", "'0'")]
    [InlineData("bench disk --roads emulated,toll", "'toll'")]
    [InlineData("bench disk --peer xen", "xen")]
    [InlineData("bench disk --vfs 2,0", "'0'")]
    [InlineData("bench disk --vfs many", "'many'")]
    [InlineData("bench disk --seconds 0", "'0'")]
    public void Line_WithAMistake_IsRefusedAndQuoted(string line, string quoted) =>
        Assert.Contains(Parse(line).Errors, error => error.Message.Contains(quoted, StringComparison.Ordinal));

    [Theory]
    [InlineData("run --kernel k --cpus 17")]
    [InlineData("run --kernel k --cpus 0")]
    [InlineData("run --kernel k --memory lots")]
    [InlineData("run --kernel k --memory 1M")]
    [InlineData("run --kernel k --disk road=emulated")]
    [InlineData("run --kernel k --disk path=a,id=x --disk path=b,id=x")]
    [InlineData("run --kernel /nonexistent/kernel")]
    [InlineData("serve virtio-blk --disk path=/nonexistent/disk --vfio-user /nonexistent/socket")]
    [InlineData("serve virtio-blk --disk path=a,vf=1 --vfio-user /nonexistent/socket")]
    [InlineData("serve virtio-rng --vfio-user /tmp")]
    [InlineData("up /nonexistent/lab.yaml")]
    [InlineData("sriov list /nonexistent/folder")]
    [InlineData("sriov list 7fff:7f:1f.7")]
    [InlineData("sriov create no-such-interface 1")]
    [InlineData("sriov create 7fff:7f:1f.7 many")]
    [InlineData("sriov create /nonexistent/folder 1 vlan=5")]
    [InlineData("sriov set 7fff:7f:1f.7 vf=1 iops=5")]
    [InlineData("sriov set /nonexistent/folder vf=1 vlan=5")]
    [InlineData("bench disk --peer qemu --qemu /nonexistent/qemu")]
    [InlineData("bench disk --qemu /bin/false")]
    public async Task Line_ThatCannotBeDone_ExitsWith2(string line) =>
        Assert.Equal(ExitCodes.BadUsage, await CommandHost.InvokeAsync(Root(), line.Split(' ')));

    [Theory]
    [InlineData(EngineChoice.Auto, true)]
    [InlineData(EngineChoice.Software, true)]
    public void EngineProblem_SaysWhichEnginesThereAre(EngineChoice engine, bool there) =>
        Assert.Equal(there, MachineSpec.EngineProblem(engine) is null);

    [Fact]
    public void EngineProblem_OfKvm_IsThatOfItsDevice() =>
        Assert.Equal(KvmProbe.Problem() is null, MachineSpec.EngineProblem(EngineChoice.Kvm) is null);

    [Fact]
    public void DemoReport_AsJson_HasTheDocumentedNames()
    {
        DemoReport report = new() { Engine = "software", Seconds = 1.5, Roads = [DemoTableTests.Road("emulated")] };
        using JsonDocument json = JsonDocument.Parse(JsonSerializer.Serialize(report, JsonReports.Default.DemoReport));
        Assert.Equal(["engine", "roads", "seconds"], Names(json.RootElement));
        Assert.Equal(
            ["bytes", "device", "driver", "exits", "guest", "interrupts", "monitorCpuSeconds", "requests", "road", "seconds", "verified"],
            Names(json.RootElement.GetProperty("roads")[0]));
    }

    [Fact]
    public void BenchReport_AsJson_HasTheDocumentedNames()
    {
        BenchReport report = new()
        {
            Bench = "engine",
            Engine = "software",
            Machine = BenchMachine.Here(),
            Results = [BenchResult.From("speed", "MIPS", [3, 1, 2])],
        };
        using JsonDocument json = JsonDocument.Parse(JsonSerializer.Serialize(report, JsonReports.Default.BenchReport));
        Assert.Equal(["bench", "engine", "machine", "results"], Names(json.RootElement));
        JsonElement result = json.RootElement.GetProperty("results")[0];
        Assert.Equal(["name", "spread", "unit", "value"], Names(result));
        Assert.Equal(2, result.GetProperty("value").GetDouble());
        Assert.Equal([1, 3], result.GetProperty("spread").EnumerateArray().Select(value => value.GetDouble()));
    }

    private static IEnumerable<string> Names(JsonElement element) =>
        element.EnumerateObject().Select(property => property.Name).Order(StringComparer.Ordinal);

    private static RootCommand Root() =>
        new() { RunCommand.Create(), ServeCommand.Create(), SriovCommand.Create(), UpCommand.Create(), DemoCommand.Create(), BenchCommand.Create(), DoctorCommand.Create() };

    private static ParseResult Parse(string line) => Root().Parse(line.Split(' '));
}
