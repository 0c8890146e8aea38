using System.Globalization;
using System.Text;
using Viaduct.Guests.Support;
using Viaduct.Machine;
using Viaduct.Machine.Specification;

namespace Viaduct.Guests;

/// <summary>
/// A stock guest writes durably, and says on its console what is; at seeded random points the process that serves its
/// disk, or the monitor, is killed. VIADUCT_GUEST_KILLS is how often (2), VIADUCT_SEED where the points begin.
/// </summary>
public sealed class KilledServerTests : IDisposable
{
    private const int Blocks = 64;
    private const int Block = 4096;

    // The disk is opened without a word that would make a file where it is gone.
    private const string Script = """
        disk() { for each in /dev/nvme*n1; do [ -b $each ] && echo $each && return; done; }
        await() { while [ -z "$(disk)" ]; do usleep 20000; done; }
        dmesg -n 1
        losses=0
        while true; do
            await
            echo "BACK $losses ."
            while true; do
                yes $n | head -c 4096 > /tmp/block
                dd if=/tmp/block of=/proc/self/fd/3 bs=4k seek=$((n % 64)) oflag=direct conv=notrunc,fsync 3<$(disk) 2>/dev/null || break
                echo "DURABLE $n ."
                n=$((n + 1))
            done
            losses=$((losses + 1))
            echo "LOST $losses ."
            n=$((n + 1))
            while [ -n "$(disk)" ]; do usleep 20000; done
        done
        """;

    private static readonly int _kills = Setting("VIADUCT_GUEST_KILLS", 2);

    private readonly Random _random = new(Setting("VIADUCT_SEED", 1));
    private readonly GuestFiles _files = new();
    private readonly Transcript _transcript = new();
    private readonly StringWriter _log = new();
    private readonly string _disk;
    private readonly string _socket;
    private int _acknowledged;

    public KilledServerTests()
    {
        _disk = _files.Write("disk.img", new byte[Blocks * Block]);
        _socket = _files.Path("nvme.sock");
    }

    public void Dispose()
    {
        _files.Dispose();
        _log.Dispose();
    }

    [Fact]
    public async Task ServerKilled_TheGuestGetsItsDeviceBack_AndNothingDurableIsLost()
    {
        MachineSpec spec = GuestRun.Spec(_files, Script) with
        {
            CommandLine = "console=ttyS0 n=1",
            Assigned = [new AssignedSpec { Id = "assigned", Socket = _socket }],
        };
        ViaductProcess server = await ServeAsync();
        try
        {
            await Kill(spec, () => server, next => server = next);
        }
        finally
        {
            server.Dispose();
        }

        Assert.Equal(_kills, _log.ToString().Split('\n').Count(line => line.Contains("is lost", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task MonitorKilled_TheServerGivesTheDeviceToTheNext_AndNothingDurableIsLost()
    {
        using ViaductProcess server = await ServeAsync();
        string initrd = _files.RamDisk(Script);
        int next = 1;
        for (int round = 0; round < _kills; round++)
        {
            string[] arguments = ["run", "--name", "victim", "--kernel", GuestFiles.Kernel.Image, "--initrd", initrd, "--memory", "256M", "--append", $"console=ttyS0 n={next}", "--assign", $"vfio-user:{_socket}"];
            using ViaductProcess monitor = new(arguments);
            await monitor.WroteAsync($"DURABLE {next + _random.Next(40)} .");
            await monitor.SignalAsync("KILL");
            await monitor.EndAsync();
            int durable = Verify(monitor.Output);
            next = durable + 2;
        }

        await server.SeenAsync("has left the device");
        await server.SignalAsync("TERM");
        Assert.Equal(0, await server.EndAsync());
        Report("monitors", "");
    }

    private static int Setting(string name, int otherwise) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? int.Parse(value, CultureInfo.InvariantCulture) : otherwise;

    private static int Descriptors() => Directory.GetFiles("/proc/self/fd").Length;

    private async Task Kill(MachineSpec spec, Func<ViaductProcess> current, Action<ViaductProcess> replace)
    {
        int first = 0;
        int last = 0;
        MachineExit exit = await GuestRun.ToEnd(
            spec,
            _transcript,
            _log,
            async machine =>
            {
                int next = 1;
                for (int round = 0; round < _kills; round++)
                {
                    await _transcript.Seen($"BACK {round} .");
                    await _transcript.Seen($"DURABLE {next + 1 + _random.Next(40)} .");
                    last = Descriptors();
                    first = round == 0 ? last : first;
                    await current().SignalAsync("KILL");
                    await _transcript.Seen($"LOST {round + 1} .");
                    next = Verify(_transcript.Text) + 1;
                    current().Dispose();
                    replace(await ServeAsync());
                }

                await _transcript.Seen($"BACK {_kills} .");
                await _transcript.Seen($"DURABLE {next + 3} .");
                machine.Stop();
                await machine.Exited;
            },
            TimeSpan.FromMinutes(3) + TimeSpan.FromSeconds(20 * _kills));
        Assert.Equal(MachineExitReason.Stopped, exit.Reason);

        // The servers' pipes are among them, and what the runtime itself opens at times.
        Assert.InRange(last, 0, first + 10);
        Report("servers", $"; descriptors of the monitor {first}, in the end {last}");
    }

    private void Report(string what, string more) =>
        TestContext.Current.TestOutputHelper?.WriteLine($"{_kills} {what} killed, {_acknowledged} writes acknowledged, 0 lost{more}");

    private async Task<ViaductProcess> ServeAsync()
    {
        ViaductProcess server = new("serve", "nvme", "--disk", $"path={_disk}", "--vfio-user", _socket);
        await server.SeenAsync("viaduct: ready");
        return server;
    }

    // Returns the last number that is durable.
    private int Verify(string console)
    {
        int[] durable = new int[Blocks];
        int last = 0;
        foreach (string line in console.Split('\n').Select(line => line.TrimEnd('\r')))
        {
            if (line.Split(' ') is ["DURABLE", var text, "."])
            {
                last = int.Parse(text, CultureInfo.InvariantCulture);
                durable[last % Blocks] = last;
            }
        }

        byte[] contents = File.ReadAllBytes(_disk);
        for (int block = 0; block < Blocks; block++)
        {
            string[] lines = Encoding.ASCII.GetString(contents, block * Block, Block).Split('\n');
            int number = durable[block] == 0 ? 0 : int.Parse(lines[0], CultureInfo.InvariantCulture);
            Assert.True(number >= durable[block], $"block {block} holds {number}, but {durable[block]} was durable");
            Assert.True(number == 0 || lines[..^1].All(line => line == lines[0]), $"block {block} holds parts of several writes");
        }

        _acknowledged = Math.Max(_acknowledged, last);
        return last;
    }
}
