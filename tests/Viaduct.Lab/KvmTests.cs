using System.Text.Json;
using Viaduct.Lab.Outer;

namespace Viaduct.Lab;

/// <summary>Guests on real KVM, by the very command lines that serve elsewhere.</summary>
public sealed class KvmTests(KvmMachine fixture) : IClassFixture<KvmMachine>
{
    private const string Prompt = "/ # ";

    private static readonly TimeSpan _bootLimit = TimeSpan.FromMinutes(4);
    private static readonly TimeSpan _demoLimit = TimeSpan.FromMinutes(10);

    private readonly OuterMachine _machine = fixture.Machine;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Guest_BootsToAShell_WithOneProcessorOrTwo(int cpus)
    {
        string initrd = _machine.WriteRamDisk(_machine.Parts.Kernel, $"shell-{cpus}.img", [], "exec setsid cttyhack sh -i");
        OuterCommand guest = _machine.Start(
            $"viaduct run --engine kvm --cpus {cpus} --kernel {_machine.PathOf(_machine.Parts.Kernel)} --initrd {initrd} --append 'console=ttyS0 quiet'");
        await guest.SeenAsync(Prompt, _bootLimit);
        guest.Type("echo $((6 * 7)) of $(nproc)\n");
        await guest.SeenAsync($"42 of {cpus}");
        guest.Type("poweroff -f\n");
        Assert.Equal(0, (await guest.EndAsync()).Status);
    }

    [Fact]
    public async Task Demo_VerifiesAllFourRoads()
    {
        OuterResult result = await _machine.RunAsync("viaduct demo --engine kvm --json 2>/tmp/messages || { cat /tmp/messages; exit 1; }", _demoLimit);
        Assert.True(result.Status == 0, result.Output);
        using JsonDocument report = JsonDocument.Parse(result.Output);
        Assert.Equal("kvm", report.RootElement.GetProperty("engine").GetString());
        JsonElement.ArrayEnumerator roads = report.RootElement.GetProperty("roads").EnumerateArray();
        Assert.Equal(["assigned", "emulated", "paravirtual", "shared"], roads.Select(road => road.GetProperty("road").GetString()).Distinct().Order(StringComparer.Ordinal));
        Assert.All(roads, road => Assert.True(road.GetProperty("verified").GetBoolean()));
    }
}
