using System.Globalization;
using System.Text.Json;
using Viaduct.Lab.Outer;

namespace Viaduct.Lab;

/// <summary>The benches of the KVM engine run where KVM is real. What they measure is written down; how fast it is, no test says.</summary>
[Collection(nameof(AloneCases))]
public sealed class KvmBenchTests(AloneMachine fixture)
{
    private static readonly TimeSpan _limit = TimeSpan.FromMinutes(10);

    private readonly OuterMachine _machine = fixture.Machine;

    [Fact]
    public async Task Boots_AreTimedBesideQemuOnKvm()
    {
        JsonElement boot = (await BenchAsync("engine --engine kvm --peer qemu --workloads none --runs 3")).First();
        Assert.Equal("command to init", boot.GetProperty("name").GetString());
        Assert.Contains("KVM", boot.GetProperty("peer").GetString(), StringComparison.Ordinal);
        Assert.True(boot.GetProperty("peerValue").GetDouble() > 0);
    }

    [Fact]
    public async Task Exits_AreTimedBesideABareLoop()
    {
        JsonElement[] besides = [.. (await BenchAsync("exits --runs 5")).Where(result => result.TryGetProperty("ratio", out _))];
        Assert.NotEmpty(besides);
        Assert.All(besides, result => Assert.True(result.GetProperty("peerValue").GetDouble() > 0));
    }

    private async Task<IEnumerable<JsonElement>> BenchAsync(string command)
    {
        string output = await _machine.OutputAsync($"viaduct bench {command} --json", _limit);
        string json = output.Split('\n').Single(line => line.StartsWith('{'));
        using JsonDocument report = JsonDocument.Parse(json);
        JsonElement[] results = [.. report.RootElement.GetProperty("results").EnumerateArray().Select(result => result.Clone())];
        foreach (JsonElement result in results)
        {
            TestContext.Current.TestOutputHelper?.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{result}"));
        }

        return results;
    }
}
