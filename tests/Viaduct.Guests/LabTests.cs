using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Viaduct.Guests.Support;

namespace Viaduct.Guests;

/// <summary>Labs of stock guests, by the program itself.</summary>
public sealed class LabTests : IDisposable
{
    private readonly GuestFiles _files = new();

    private static string Examples { get; } = FindExamples();

    public void Dispose() => _files.Dispose();

    [Theory]
    [InlineData("all-roads.yaml", "emulated emulated", "paravirtual paravirtual", "assigned assigned", "shared-one shared", "shared-two shared")]
    public async Task Example_EndsByItself_EachGuestWithADeviceOnItsRoad(string example, params string[] guestsAndRoads)
    {
        using ViaductProcess viaduct = new("up", Path.Combine(Examples, example), "--json");
        Assert.True(await viaduct.EndAsync() == 0, viaduct.Messages);
        using JsonDocument report = JsonDocument.Parse(viaduct.Output);
        JsonElement[] guests = [.. report.RootElement.GetProperty("guests").EnumerateArray()];
        Assert.Equal(guestsAndRoads, guests.Select(guest => $"{guest.GetProperty("guest")} {guest.GetProperty("devices")[0].GetProperty("road")}"));
        foreach (JsonElement guest in guests)
        {
            Assert.Contains($"{guest.GetProperty("guest")}: wrote 16 MiB", viaduct.Messages, StringComparison.Ordinal);
            Assert.Equal("PowerOff", guest.GetProperty("ended").GetString());
            JsonElement device = Assert.Single(guest.GetProperty("devices").EnumerateArray());
            Assert.True(device.GetProperty("requests").GetInt64() > 100, viaduct.Output);
            Assert.True(device.GetProperty("dmaWrittenBytes").GetInt64() >= 16 << 20, viaduct.Output);
        }

        Assert.Empty(viaduct.TemporaryFiles);
    }

    [Fact]
    public async Task Run_OfAFile_IsItsGuestOnThisTerminal()
    {
        using ViaductProcess viaduct = new("run", Path.Combine(Examples, "paravirtual.yaml"), "--memory", "200M", "--append", "console=ttyS0");
        Assert.True(await viaduct.EndAsync() == 0, viaduct.Messages);
        Assert.Contains("Linux version", viaduct.Output, StringComparison.Ordinal);
        Assert.Contains("Memory: ", viaduct.Output, StringComparison.Ordinal);
        Assert.Contains("wrote 16 MiB to /dev/vda", viaduct.Messages, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Failures_AreReportedByGuestAndDevice_AndOthersGoOn()
    {
        string console = _files.Path("console.sock");
        string log = _files.Path("log");
        string lab = _files.Write("lab.yaml", Encoding.UTF8.GetBytes($$"""
            devices:
              ctl: {type: nvme, disks: [{create: 8M}]}
            guests:
              false:
                {kernel: debian, memory: 128M, script: exit 7}
              panics:
                {kernel: debian, memory: 128M, console: "file:{{log}}", script: echo c > /proc/sysrq-trigger}
              loses:
                kernel: debian
                memory: 128M
                assign: [ctl]
                script: |
                  await-disk nvme0n1
                  note has its disk
                  while [ -b /dev/nvme0n1 ]; do usleep 50000; done
                  note lost its disk
              listens:
                kernel: debian
                memory: 128M
                rng: true
                console: socket:{{console}}
                script: |
                  note listening
                  read -r line
                  note heard $line
                  head -c 4 /dev/hwrng > /tmp/random
                  test $(wc -c < /tmp/random) = 4
            """));
        using ViaductProcess viaduct = new("up", lab);
        await viaduct.SeenAsync("listens: listening");
        using (Socket client = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            await client.ConnectAsync(new UnixDomainSocketEndPoint(console), TestContext.Current.CancellationToken);
            await client.SendAsync("good news\n"u8.ToArray(), TestContext.Current.CancellationToken);
            await viaduct.SeenAsync("listens: heard good news");
        }

        await viaduct.SeenAsync("loses: has its disk");
        await ViaductProcess.SignalAsync(Assert.Single(viaduct.Children), "KILL");
        await viaduct.SeenAsync("loses: lost its disk");
        Assert.Equal(1, await viaduct.EndAsync());
        Assert.Contains("ctl: its process ended (exit status 137)", viaduct.Messages, StringComparison.Ordinal);
        Assert.Contains("false: its script ended with status 7", viaduct.Messages, StringComparison.Ordinal);
        Assert.Contains("panics: Kernel panic - not syncing: sysrq triggered crash", viaduct.Messages, StringComparison.Ordinal);
        Assert.Contains("loses: powered off", viaduct.Messages, StringComparison.Ordinal);
        Assert.Contains("listens: powered off", viaduct.Messages, StringComparison.Ordinal);
        Assert.Contains("sysrq triggered crash", await File.ReadAllTextAsync(log, TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.False(File.Exists(console));
        Assert.Empty(viaduct.TemporaryFiles);
    }

    [Theory]
    [InlineData("INT", 130)]
    [InlineData("TERM", 130)]
    [InlineData("KILL", 137)]
    public async Task Signal_TakesEverythingDown(string signal, int exitStatus)
    {
        string lab = _files.Write("lab.yaml", """
            devices:
              ctl: {type: nvme, disks: [{create: 8M}]}
            guests:
              sleeps: {kernel: debian, memory: 128M, assign: [ctl], script: "await-disk nvme0n1\nnote sleeping\nsleep 1000"}
              loops: {kernel: debian, memory: 128M, script: "note looping\nwhile true; do true; done"}
            """u8.ToArray());
        using ViaductProcess viaduct = new("up", lab);
        await viaduct.SeenAsync("sleeps: sleeping");
        await viaduct.SeenAsync("loops: looping");
        int child = Assert.Single(viaduct.Children);
        if (signal == "INT")
        {
            // Ctrl-C on a terminal is every process's: the device takes no notice, and its guest could go on.
            await ViaductProcess.SignalAsync(child, signal);
        }

        await viaduct.SignalAsync(signal);
        Assert.Equal(exitStatus, await viaduct.EndAsync());
        await ViaductProcess.GoneAsync(child);
        Assert.DoesNotContain("its process ended", viaduct.Messages, StringComparison.Ordinal);
        if (signal != "KILL")
        {
            Assert.Empty(viaduct.TemporaryFiles);
        }
    }

    private static string FindExamples()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Viaduct.slnx")))
        {
            folder = folder.Parent;
        }

        return Path.Combine(folder?.FullName ?? throw new InvalidOperationException("the tests don't lie in the source tree"), "examples");
    }
}
