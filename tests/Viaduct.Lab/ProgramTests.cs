using System.Text.Json;
using Viaduct.Lab.Outer;

namespace Viaduct.Lab;

/// <summary>The program itself, on a host that has all that it can use.</summary>
[Collection(nameof(PlainCases))]
public sealed class ProgramTests(PlainMachine fixture)
{
    private static readonly TimeSpan _bootLimit = TimeSpan.FromMinutes(6);

    private readonly OuterMachine _machine = fixture.Machine;

    [Fact]
    public async Task Version_IsTheOneThatWasBuilt() =>
        Assert.Equal(typeof(Viaduct.Machine.VirtualMachine).Assembly.GetName().Version!.ToString(3), (await _machine.OutputAsync("viaduct --version")).Split('+')[0].Trim());

    [Fact]
    public async Task Doctor_FindsEveryEngineAndRoadUsable()
    {
        using JsonDocument report = JsonDocument.Parse(await _machine.OutputAsync("viaduct doctor --json"));
        IEnumerable<(string Name, bool Usable)> engines = States(report.RootElement.GetProperty("engines"), "name");
        Assert.Contains(("software", true), engines);
        Assert.Contains(("kvm", true), engines);
        Assert.Equal("kvm", report.RootElement.GetProperty("auto").GetString());
        Assert.Equal(
            [("emulated", true), ("paravirtual", true), ("assigned", true), ("shared", true)],
            States(report.RootElement.GetProperty("roads"), "road"));
    }

    [Fact]
    public async Task SoftwareEngine_BootsAStockKernelToItsUserLand()
    {
        string initrd = _machine.WriteRamDisk(_machine.Parts.Kernel, "software.img", [], "echo \"LAB $(uname -r)\"; poweroff -f");
        OuterResult result = await _machine.RunAsync(
            $"viaduct run --engine software --kernel {_machine.PathOf(_machine.Parts.Kernel)} --initrd {initrd} --append 'console=ttyS0 quiet'", _bootLimit);
        Assert.Equal((0, $"LAB {_machine.Parts.Kernel.Version}"), (result.Status, result.Lines.LastOrDefault(line => line.StartsWith("LAB", StringComparison.Ordinal))));
    }

    private static List<(string Name, bool Usable)> States(JsonElement states, string name) =>
        [.. states.EnumerateArray().Select(state => (state.GetProperty(name).GetString()!, state.GetProperty("usable").GetBoolean()))];
}
