using Viaduct.Cli.Bench;
using Viaduct.Cli.Bench.Disk;
using Viaduct.Cli.Guests;
using Xunit;

namespace Viaduct.Cli.Tests.Bench;

public sealed class LoadGuestTests
{
    private const string Boot = "Linux version 6.1\n@viaduct ready 6.1 emulated=nvme0n1 paravirtual=vda\n";

    private static readonly DiskLoad _reads = DiskLoad.All[0];

    [Fact]
    public async Task RunAsync_Reads_TakesTheReadFieldsAndTypesTheDisksName()
    {
        ScriptedMonitor monitor = new(Boot, _ => "@viaduct begin 10.00\n@viaduct result 12.50 4000 1000 0 0\n");
        using LoadGuest guest = await StartAsync(monitor);
        LoadFigures figures = await guest.RunAsync("paravirtual", _reads, 1, TestContext.Current.CancellationToken);
        Assert.Equal(["vda randread 4096 1 1"], monitor.Typed);
        Assert.Equal(4000 * 1024, figures.Bytes);
    }

    [Fact]
    public async Task RunAsync_GuestsClockThatRunsFast_IsCorrectedByTheHosts()
    {
        ScriptedMonitor monitor = new(Boot, _ => "@viaduct begin 10.00\n@viaduct result 12.50 4000 1000 0 0\n");
        using LoadGuest guest = await StartAsync(monitor);
        LoadFigures figures = await guest.RunAsync("emulated", _reads, 1, TestContext.Current.CancellationToken);
        Assert.True(figures.Clock > 1);
        Assert.Equal(1, figures.Seconds * figures.Clock, 6);
    }

    [Fact]
    public async Task RunAsync_Writes_TakesTheWriteFields()
    {
        using LoadGuest guest = await StartAsync(new ScriptedMonitor(Boot, _ => "@viaduct begin 1.0\n@viaduct result 2.0 0 0 128 500\n"));
        DiskLoad writes = DiskLoad.All.First(load => load.Write);
        Assert.Equal(128 * 1024, (await guest.RunAsync("emulated", writes, 1, TestContext.Current.CancellationToken)).Bytes);
    }

    [Theory]
    [InlineData("@viaduct begin 1.0\n@viaduct failed 2.0 no such device\n", "no such device")]
    [InlineData("@viaduct begin 1.0\n@viaduct result 2.0 0 0 0 0\n", "moved nothing")]
    [InlineData(null, "its plug was pulled")]
    public async Task RunAsync_WhatFailsInTheGuest_IsSaid(string? answer, string said)
    {
        using LoadGuest guest = await StartAsync(new ScriptedMonitor(Boot, _ => answer));
        BenchFailedException error = await Assert.ThrowsAsync<BenchFailedException>(() => guest.RunAsync("emulated", _reads, 1, TestContext.Current.CancellationToken));
        Assert.Contains(said, error.Message, StringComparison.Ordinal);
        Assert.Contains("Linux version", error.GuestConsole, StringComparison.Ordinal);
    }

    [Fact]
    public async Task StartAsync_DiskThatIsNotThere_IsNamed()
    {
        using LoadGuest guest = new(new ScriptedMonitor(Boot, _ => null), verbose: null);
        BenchFailedException error = await Assert.ThrowsAsync<BenchFailedException>(() => guest.StartAsync(["assigned"], TestContext.Current.CancellationToken));
        Assert.Contains("'assigned'", error.Message, StringComparison.Ordinal);
    }

    private static async Task<LoadGuest> StartAsync(ScriptedMonitor monitor)
    {
        LoadGuest guest = new(monitor, verbose: null);
        await guest.StartAsync(["emulated", "paravirtual"], TestContext.Current.CancellationToken);
        return guest;
    }
}
