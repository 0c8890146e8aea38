using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Viaduct.Backends.Network.Switch;
using Viaduct.Guests.Support;
using Viaduct.Machine;
using Viaduct.Machine.Specification;
using Viaduct.Platform.Accounting;

namespace Viaduct.Guests;

/// <summary>Stock kernels with a virtio network card on each back-end. passt, unshare and iproute2 are the host's own.</summary>
public sealed class NetworkTests : IDisposable
{
    private const int Mebibytes = 16;

    private const string Start = """
        while [ ! -e /sys/class/net/eth0 ]; do usleep 20000; done
        echo "DRIVER $(basename $(readlink /sys/class/net/eth0/device/driver))"
        echo "MAC $(cat /sys/class/net/eth0/address)"
        ip link set lo up

        """;

    private const string End = """

        dmesg | grep -iE 'warning|BUG:|call trace|virtio_net.*(error|fail|unexpected|missing)' | sed 's/^/SUSPECT /'
        echo "ERRORS $(cat /sys/class/net/eth0/statistics/rx_errors) $(cat /sys/class/net/eth0/statistics/tx_errors)"
        poweroff -f
        """;

    private readonly GuestFiles _files = new();
    private readonly StringWriter _log = new();

    public void Dispose()
    {
        _files.Dispose();
        _log.Dispose();
    }

    [Theory]
    [InlineData(1, 1500)]
    [InlineData(2, 9000)]
    public async Task TwoGuests_OnASwitch_ExchangeChecksummedDataBothWays(int queues, int mtu)
    {
        string capture = _files.Path("a.pcap");
        string name = $"test-{Environment.ProcessId}-{queues}";
        NetworkSpec network = new() { Id = "net0", Kind = NetworkKind.Switch, Target = name, Queues = queues, Mtu = mtu };
        Transcript left = new();
        Transcript right = new();
        MachineSpec a = GuestRun.Spec(_files, $"""
            {Start}
            echo "MTU $(cat /sys/class/net/eth0/mtu)"
            ip addr add 10.9.0.1/24 dev eth0; ip link set eth0 up
            nc -l -p 5000 > /tmp/got
            echo "GOT $(sha256sum < /tmp/got)"
            dd if=/dev/urandom of=/tmp/data bs=1M count={Mebibytes} 2>/dev/null
            echo "SENT $(sha256sum < /tmp/data)"
            until nc 10.9.0.2 5001 < /tmp/data; do usleep 100000; done
            {End}
            """) with { Name = "a", Cpus = queues, Networks = [network with { Capture = capture }] };
        MachineSpec b = GuestRun.Spec(_files, $"""
            {Start}
            ip addr add 10.9.0.2/24 dev eth0; ip link set eth0 up
            dd if=/dev/urandom of=/tmp/data bs=1M count={Mebibytes} 2>/dev/null
            echo "SENT $(sha256sum < /tmp/data)"
            until nc 10.9.0.1 5000 < /tmp/data; do usleep 100000; done
            nc -l -p 5001 > /tmp/got
            echo "GOT $(sha256sum < /tmp/got)"
            {End}
            """) with { Name = "b", Cpus = queues, Networks = [network] };
        DeviceCounts counts = default;
        Task<MachineExit> first = GuestRun.ToEnd(a, left, _log, async machine =>
        {
            _ = await machine.Exited;
            counts = machine.Devices[0].Counters.Read();
        });
        MachineExit[] exits = await Task.WhenAll(first, GuestRun.ToEnd(b, right, _log));
        Assert.All(exits, exit => Assert.Equal(MachineExitReason.PowerOff, exit.Reason));
        Assert.Equal("virtio_net", left.After("DRIVER"));
        Assert.NotEqual(left.After("MAC"), right.After("MAC"));
        Assert.Equal(mtu, int.Parse(left.After("MTU"), CultureInfo.InvariantCulture));
        Assert.Equal(left.After("SENT"), right.After("GOT"));
        Assert.Equal(right.After("SENT"), left.After("GOT"));
        Assert.All([left, right], transcript => Assert.Equal("0 0", transcript.After("ERRORS")));
        Assert.All([left, right], transcript => Assert.DoesNotContain("SUSPECT", transcript.Text, StringComparison.Ordinal));
        Assert.InRange(counts.Network.SentBytes, Mebibytes << 20, 2 * Mebibytes << 20);
        Assert.InRange(counts.Network.ReceivedBytes, Mebibytes << 20, 2 * Mebibytes << 20);

        // With segmentation left to the other side there are few frames of many bytes.
        Assert.InRange(counts.Network.SentFrames, 1, (Mebibytes << 20) / 1500);
        Assert.InRange(new FileInfo(capture).Length, 2L * Mebibytes << 20, 4L * Mebibytes << 20);
    }

    [Fact]
    public async Task Guest_OnATap_IsReachedFromTheHostAndReachesIt()
    {
        string script = _files.RamDisk($"""
            {Start}
            ip addr add 10.9.0.2/24 dev eth0; ip link set eth0 up
            dd if=/dev/urandom of=/tmp/data bs=1M count={Mebibytes} 2>/dev/null
            echo "SENT $(sha256sum < /tmp/data)"
            httpd -p 80 -h /tmp
            until wget -q -O /tmp/got http://10.9.0.1/data; do usleep 100000; done
            echo "GOT $(sha256sum < /tmp/got)"
            echo done > /tmp/ready
            while [ ! -e /tmp/stop ]; do nc -l -p 9 > /tmp/stop; done
            {End}
            """);
        byte[] data = RandomNumberGenerator.GetBytes(Mebibytes << 20);
        string site = Path.GetDirectoryName(_files.Write("data", data))!;
        string console = _files.Path("console");
        string inside = _files.Write("inside.sh", Encoding.UTF8.GetBytes($"""
            set -e
            mount -t sysfs sysfs /sys
            ip link set lo up
            busybox={GuestFiles.Busybox}
            {ViaductProcess.Program} run --kernel {GuestFiles.Kernel.Image} --initrd {script} --append console=ttyS0 --memory 256M --net backend=tap:vtap0,queues=2 < /dev/null > {console} &
            monitor=$!
            until ip link show vtap0 > /dev/null 2>&1; do $busybox usleep 50000; done
            ip addr add 10.9.0.1/24 dev vtap0
            $busybox httpd -p 10.9.0.1:80 -h {site}
            until $busybox ping -c 1 -W 1 10.9.0.2 > /dev/null; do kill -0 $monitor; done
            echo PINGED
            until $busybox wget -q -O {site}/fetched http://10.9.0.2/ready; do kill -0 $monitor; $busybox usleep 100000; done
            $busybox wget -q -O {site}/fetched http://10.9.0.2/data
            echo "FETCHED $($busybox sha256sum < {site}/fetched)"
            echo stop | $busybox nc 10.9.0.2 9
            wait $monitor
            ! ip link show vtap0 > /dev/null 2>&1
            echo GONE
            """));
        string[] user = Environment.UserName == "root" ? [] : ["--map-root-user"];
        ProcessStartInfo start = new("unshare", [.. user, "--net", "--mount", "--pid", "--fork", "--kill-child", "sh", inside]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        string output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromMinutes(5), TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        string guest = await File.ReadAllTextAsync(console, TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, $"{output}\n{await errors}\n{guest}");
        Assert.Contains("PINGED", output, StringComparison.Ordinal);
        Assert.Contains("GONE", output, StringComparison.Ordinal);
        Assert.Contains($"GOT {Convert.ToHexStringLower(SHA256.HashData(data))}", guest, StringComparison.Ordinal);
        Assert.Contains(Word(guest, "SENT"), output, StringComparison.Ordinal);
        Assert.Contains("ERRORS 0 0", guest, StringComparison.Ordinal);
        Assert.DoesNotContain("SUSPECT", guest, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Guest_WithPasst_HasAnAddressReachesTheHostAndIsReachedByAForwardedPort()
    {
        using TcpListener host = new(IPAddress.Loopback, 0);
        host.Start();
        int hostPort = ((IPEndPoint)host.LocalEndpoint).Port;
        int guestPort = FreePort();
        MachineSpec spec = GuestRun.Spec(_files, $$"""
            {{Start}}
            cat > /lease <<'EOF'
            #!/bin/sh
            if [ "$1" = bound ]; then
                ip addr add $ip/$mask dev $interface
                ip route add default via $router dev $interface
                echo "$router" > /tmp/router
            fi
            EOF
            chmod +x /lease
            ip link set eth0 up
            udhcpc -i eth0 -q -n -s /lease > /dev/null 2>&1; echo "LEASE $?"
            dd if=/dev/urandom of=/tmp/data bs=1M count=4 2>/dev/null
            echo "SENT $(sha256sum < /tmp/data)"
            nc $(cat /tmp/router) {{hostPort}} < /tmp/data; echo "CALLED $?"
            nc -l -p 80 > /tmp/got
            echo "GOT $(sha256sum < /tmp/got)"
            {{End}}
            """) with { Networks = [new NetworkSpec { Id = "net0", Kind = NetworkKind.Passt, TcpPorts = $"{guestPort}:80" }] };
        Transcript transcript = new();
        byte[] data = RandomNumberGenerator.GetBytes(4 << 20);
        using SHA256 received = SHA256.Create();
        string sent = "";
        MachineExit exit = await GuestRun.ToEnd(spec, transcript, _log, async machine =>
        {
            using (Socket guest = await host.AcceptSocketAsync(TestContext.Current.CancellationToken))
            {
                await using NetworkStream stream = new(guest);
                sent = Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, TestContext.Current.CancellationToken));
            }

            await transcript.Seen("CALLED");
            await SendWhenItListens(guestPort, data, transcript);
        });
        Assert.True(exit.Reason == MachineExitReason.PowerOff, transcript.Text);
        Assert.Equal("0", transcript.After("LEASE"));
        Assert.StartsWith(sent, transcript.After("SENT"), StringComparison.Ordinal);
        Assert.StartsWith(Convert.ToHexStringLower(SHA256.HashData(data)), transcript.After("GOT"), StringComparison.Ordinal);
        Assert.Equal("0 0", transcript.After("ERRORS"));
    }

    [Fact]
    public async Task Link_OfASwitchThatChangesHands_GoesDownAndUpAndTheGuestGoesOn()
    {
        string name = $"test-{Environment.ProcessId}-link";
        MachineSpec spec = GuestRun.Spec(_files, $"""
            {Start}
            ip link set eth0 up
            while [ "$(cat /sys/class/net/eth0/carrier)" != 1 ]; do usleep 20000; done
            echo "UP ."
            while [ "$(cat /sys/class/net/eth0/carrier_down_count)" = 0 ]; do usleep 20000; done
            while [ "$(cat /sys/class/net/eth0/carrier)" != 1 ]; do usleep 20000; done
            echo "AGAIN ."
            {End}
            """) with { Networks = [new NetworkSpec { Id = "net0", Kind = NetworkKind.Switch, Target = name }] };
        Transcript transcript = new();
        SwitchOptions options = new() { Switch = name, Log = new EventLog(_log) };
        using SwitchBackend host = SwitchBackend.Open(options);
        using ManualResetEventSlim up = new(host.LinkUp);
        host.LinkChanged += up.Set;
        up.Wait(TestContext.Current.CancellationToken);
        MachineExit exit = await GuestRun.ToEnd(spec, transcript, _log, async machine =>
        {
            await transcript.Seen("UP .");
            host.Dispose();
            await transcript.Seen("AGAIN .");
        });
        Assert.True(exit.Reason == MachineExitReason.PowerOff, transcript.Text);
    }

    private static string Word(string text, string before)
    {
        int at = text.IndexOf(before + " ", StringComparison.Ordinal) + before.Length + 1;
        return text.Substring(at, 64);
    }

    private static int FreePort()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>The forwarded port is open before the guest listens: then the connection ends with nothing taken.</summary>
    private static async Task SendWhenItListens(int port, byte[] data, Transcript transcript)
    {
        while (!transcript.Text.Contains("GOT ", StringComparison.Ordinal))
        {
            try
            {
                using TcpClient client = new();
                await client.ConnectAsync(IPAddress.Loopback, port, TestContext.Current.CancellationToken);
                NetworkStream stream = client.GetStream();
                await stream.WriteAsync(data, TestContext.Current.CancellationToken);
                client.Client.Shutdown(SocketShutdown.Send);
                _ = await stream.ReadAsync(new byte[1], TestContext.Current.CancellationToken);
            }
            catch (Exception refused) when (refused is IOException or SocketException)
            {
                await Task.Delay(50, TestContext.Current.CancellationToken);
            }
        }
    }
}
