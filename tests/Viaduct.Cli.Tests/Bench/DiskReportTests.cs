using Viaduct.Cli.Bench;
using Viaduct.Cli.Bench.Disk;
using Viaduct.Platform.Accounting;
using Xunit;

namespace Viaduct.Cli.Tests.Bench;

public sealed class DiskReportTests
{
    [Fact]
    public void Loads_AreThoseOfTheDesign() => Assert.Equal(
        [
            "4 KiB random reads, depth 1", "4 KiB random reads, depth 32", "4 KiB random writes, depth 1", "4 KiB random writes, depth 32",
            "128 KiB sequential reads, depth 1", "128 KiB sequential reads, depth 32", "128 KiB sequential writes, depth 1", "128 KiB sequential writes, depth 32",
        ],
        DiskLoad.All.Select(load => load.Title));

    [Fact]
    public void Rate_CountsSmallRequestsAndBytesOfLargeOnes()
    {
        LoadFigures figures = new(Bytes: 1 << 20, Seconds: 0.5, Clock: 1);
        Assert.Equal(512, DiskLoad.All[0].Rate(figures));
        Assert.Equal((1 << 20) / 0.5 / 1e6, DiskLoad.All[^1].Rate(figures));
    }

    [Theory]
    [InlineData(new[] { 3.0, 1.0, 2.0 }, new[] { 4.0, 8.0, 16.0 }, 2, 8, 0.25)]
    [InlineData(new[] { 1.0, 2.0 }, new[] { 3.0, 3.0 }, 1.5, 3, 0.5)]
    public void Beside_APeer_ComparesMedians(double[] own, double[] peer, double value, double peerValue, double ratio)
    {
        BenchResult result = BenchResult.From("x", "IOPS", own).Beside("QEMU", peer);
        Assert.Equal((value, peerValue, ratio), (result.Value, result.PeerValue, result.Ratio));
        Assert.Equal([peer.Min(), peer.Max()], result.PeerSpread);
    }

    [Fact]
    public void Report_OfARoadAndAPeer_HasSpeedsAndWhatARequestCost()
    {
        DeviceCounts cost = new() { Requests = 10, Exits = 20, Interrupts = 5, MonitorCpu = TimeSpan.FromMilliseconds(1) };
        DiskReport report = new("software", Path.GetTempPath(), [Subject("emulated", 1e6, cost, Subject("QEMU nvme", 4e6, null))], []);
        BenchReport all = report.ToBenchReport();
        Assert.Equal("disk", all.Bench);
        Assert.Equal(8 + (8 * 3) + 2, all.Results.Count);
        Assert.All(all.Results.Take(8), result => Assert.Equal(0.25, result.Ratio!.Value, 3));
        Assert.Equal(8, report.Rows.Count());
        Assert.All(report.Rows, row => Assert.Equal((2.0, 0.5, 100.0), (row.Exits, row.Interrupts, row.CpuMicroseconds)));
    }

    [Fact]
    public void Report_OfGuestsAtOnce_HasTheirSumAndTheirShares()
    {
        DiskLoad load = DiskLoad.All[1];
        TogetherSample[] samples = [new(2, load, [100, 300]), new(2, load, [200, 400]), new(2, load, [100, 100]), new(1, load, [500])];
        DiskReport report = new("software", Path.GetTempPath(), [Subject("shared", 1e6, null)], samples);
        (BenchResult sum, BenchResult fairness) = report.Together.First();
        Assert.Equal(("shared by 2: 4 KiB random reads, depth 32: all together", 400.0, 0.5), (sum.Name, sum.Value, fairness.Value));
        Assert.Equal((500.0, 1.0), (report.Together.Last().Sum.Value, report.Together.Last().Fairness.Value));
        Assert.Contains(sum.Name, report.ToBenchReport().Results.Select(result => result.Name));
    }

    private static DiskSubject Subject(string title, double bytes, DeviceCounts? cost, DiskSubject? peer = null)
    {
        DiskSubject subject = new(new BenchDisk("disk", Road.Emulated, "disk.img"), title, new LoadGuest(new ScriptedMonitor("", _ => null), verbose: null), peer);
        foreach (DiskLoad load in DiskLoad.All)
        {
            subject.Add(load, new LoadSample(new LoadFigures(bytes, Seconds: 1, Clock: 1), cost));
        }

        return subject;
    }
}
