using Viaduct.Lab.Outer;

namespace Viaduct.Lab;

/// <summary>The outer machine's own devices, whole and in virtual functions, given to stock guests by VFIO, and back.</summary>
public sealed class HostDeviceTests(HostDeviceMachine fixture) : IClassFixture<HostDeviceMachine>
{
    private const int Rounds = 20;

    /// <summary>What a guest does with a disk: reads what the host wrote, writes other bytes, and says what both were.</summary>
    private const string DiskScript = """
        until [ -b /dev/nvme0n1 ]; do sleep 0.2; done
        echo "found $(dd if=/dev/nvme0n1 bs=64k count=16 2>/dev/null | md5sum)"
        head -c 1048576 /dev/urandom > /tmp/own
        dd if=/tmp/own of=/dev/nvme0n1 bs=64k seek=16 2>/dev/null && sync && echo 3 > /proc/sys/vm/drop_caches
        echo "wrote $(md5sum < /tmp/own)"
        dd if=/dev/nvme0n1 bs=64k skip=16 count=16 2>/dev/null | cmp - /tmp/own && echo same
        poweroff -f
        """;

    /// <summary>What a guest does with a network interface: brings it up and asks the host at the wire's other end.</summary>
    private const string NetworkScript = $$"""
        until [ -e /sys/class/net/eth0 ]; do sleep 0.2; done
        echo "driver $(basename $(readlink /sys/class/net/eth0/device/driver))"
        ip link set eth0 up && ip address add {{HostDeviceMachine.Address}} dev eth0
        i=0; until [ "$(cat /sys/class/net/eth0/carrier)" = 1 ] || [ $i = 100 ]; do i=$((i+1)); sleep 0.2; done
        ping -c 3 -w 60 10.0.2.2 > /dev/null && echo answered
        poweroff -f
        """;

    private static readonly TimeSpan _guestLimit = TimeSpan.FromMinutes(6);

    private readonly OuterMachine _machine = fixture.Machine;

    [Fact]
    public async Task Controller_IsAGuestsDisk_AndTheHostsAgain()
    {
        string output = await _machine.OutputAsync(
            $$"""
            head -c 1048576 /dev/urandom > /tmp/data; dd if=/tmp/data of=/dev/nvme0n1 bs=64k oflag=direct 2>/dev/null
            {{fixture.Guest("disk", DiskScript, $"vfio:{HostDeviceMachine.Disk}")}}
            echo "data $(md5sum < /tmp/data)"
            until [ -b /dev/nvme0n1 ]; do sleep 0.2; done
            echo "back $(dd if=/dev/nvme0n1 bs=64k skip=16 count=16 iflag=direct 2>/dev/null | md5sum)"
            {{DriverOf(HostDeviceMachine.Disk)}}
            """,
            _guestLimit);
        Assert.Contains("same", output, StringComparison.Ordinal);
        Assert.Equal(Value(output, "data"), Value(output, "found"));
        Assert.Equal(Value(output, "wrote"), Value(output, "back"));
        Assert.Equal("nvme", Value(output, "has"));
        Assert.Contains($"{HostDeviceMachine.Disk} is given back to the driver nvme", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Port_IsAGuestsInterface_AndTheHostsAgain()
    {
        string output = await _machine.OutputAsync(
            $"{fixture.Guest("port", NetworkScript, $"vfio:{HostDeviceMachine.Port}")}\n{DriverOf(HostDeviceMachine.Port)}", _guestLimit);
        Assert.Equal("igb", Value(output, "driver"));
        Assert.Contains("answered", output, StringComparison.Ordinal);
        Assert.Equal("igb", Value(output, "has"));
    }

    [Fact]
    public async Task VirtualFunctionOfThePort_IsAGuestsInterface()
    {
        string output = await _machine.OutputAsync(
            $$"""
            pf=/sys/bus/pci/devices/{{HostDeviceMachine.Port}}
            ip link set $(ls $pf/net) up
            echo 1 > $pf/sriov_numvfs
            trap 'echo 0 > $pf/sriov_numvfs; ip link set $(ls $pf/net) down' EXIT
            vf=$(basename $(readlink $pf/virtfn0))
            ip link set $(ls $pf/virtfn0/net) down
            {{fixture.Guest("vf-port", NetworkScript, "vfio:$vf")}}
            echo "has $(basename $(readlink $pf/virtfn0/driver))"
            """,
            _guestLimit);
        Assert.Equal("igbvf", Value(output, "driver"));
        Assert.Contains("answered", output, StringComparison.Ordinal);
        Assert.Equal("igbvf", Value(output, "has"));
    }

    [Fact]
    public async Task VirtualFunctionOfTheController_IsAGuestsDisk()
    {
        string output = await _machine.OutputAsync(
            $$"""
            pf=/sys/bus/pci/devices/{{HostDeviceMachine.Disk}}
            head -c 1048576 /dev/urandom > /tmp/data; dd if=/tmp/data of=/dev/nvme0n1 bs=64k oflag=direct 2>/dev/null
            echo 0 > $pf/sriov_drivers_autoprobe
            echo 1 > $pf/sriov_numvfs
            trap 'nvme virt-mgmt /dev/nvme0 -c 1 -a 7; echo 0 > $pf/sriov_numvfs; echo 1 > $pf/sriov_drivers_autoprobe' EXIT
            nvme virt-mgmt /dev/nvme0 -c 1 -r 0 -n 3 -a 8 && nvme virt-mgmt /dev/nvme0 -c 1 -r 1 -n 2 -a 8 && nvme virt-mgmt /dev/nvme0 -c 1 -a 9
            vf=$(basename $(readlink $pf/virtfn0))
            {{fixture.Guest("vf-disk", DiskScript, "vfio:$vf")}}
            echo "data $(md5sum < /tmp/data)"
            echo "back $(dd if=/dev/nvme0n1 bs=64k skip=16 count=16 iflag=direct 2>/dev/null | md5sum)"
            """,
            _guestLimit);
        Assert.Contains("same", output, StringComparison.Ordinal);
        Assert.Equal(Value(output, "data"), Value(output, "found"));
        Assert.Equal(Value(output, "wrote"), Value(output, "back"));
    }

    [Fact]
    public async Task SecondGuest_IsRefused_AndToldWhoHoldsTheDevice()
    {
        OuterCommand first = _machine.Start(fixture.Guest("first", "echo guest is up; sleep 1000", $"vfio:{HostDeviceMachine.Disk}"));
        await first.SeenAsync("guest is up", _guestLimit);
        OuterResult second = await _machine.RunAsync(fixture.Guest("second", "poweroff -f", $"vfio:{HostDeviceMachine.Disk}"), _guestLimit);
        Assert.Equal(5, second.Status);
        Assert.Contains($"{HostDeviceMachine.Disk} is held by guest 'first'", second.Output, StringComparison.Ordinal);
        await _machine.OutputAsync("pkill -TERM -f 'name first'");
        await first.EndAsync(_guestLimit);
        Assert.Equal("nvme", Value(await _machine.OutputAsync(DriverOf(HostDeviceMachine.Disk)), "has"));
    }

    [Fact]
    public async Task DeviceThatTheHostTakesBack_LeavesTheRunningGuest_AndComesAgain()
    {
        OuterCommand guest = _machine.Start(fixture.Guest(
            "moved",
            """
            until [ -b /dev/nvme0n1 ]; do sleep 0.2; done
            dd if=/dev/nvme0n1 of=/dev/null bs=64k count=16 2>/dev/null && echo first is there
            (while :; do dd if=/dev/nvme0n1 of=/dev/null bs=64k count=64 iflag=direct 2>/dev/null || sleep 0.2; done) &
            while [ -b /dev/nvme0n1 ]; do sleep 0.2; done
            echo it is gone
            until [ -b /dev/nvme0n1 ] || [ -b /dev/nvme1n1 ]; do sleep 0.2; done
            cat /dev/nvme?n1 | head -c 1048576 | md5sum && echo it is back
            poweroff -f
            """,
            $"vfio:{HostDeviceMachine.Disk}"));
        await guest.SeenAsync("first is there", _guestLimit);
        string host = await _machine.OutputAsync(
            $$"""
            echo {{HostDeviceMachine.Disk}} > /sys/bus/pci/drivers/vfio-pci/unbind
            echo {{HostDeviceMachine.Disk}} > /sys/bus/pci/drivers_probe
            {{DriverOf(HostDeviceMachine.Disk)}}
            until [ -b /dev/nvme0n1 ]; do sleep 0.2; done
            dd if=/dev/nvme0n1 of=/dev/null bs=64k count=16 iflag=direct
            """,
            _guestLimit);
        Assert.Equal("nvme", Value(host, "has"));
        await guest.SeenAsync("it is gone", _guestLimit);
        await _machine.OutputAsync(
            $$"""
            cd /sys/bus/pci
            echo vfio-pci > devices/{{HostDeviceMachine.Disk}}/driver_override
            echo {{HostDeviceMachine.Disk}} > drivers/nvme/unbind
            echo {{HostDeviceMachine.Disk}} > drivers_probe
            """);
        OuterResult result = await guest.EndAsync(_guestLimit);
        Assert.Equal(0, result.Status);
        Assert.Contains("it is back", result.Output, StringComparison.Ordinal);
        Assert.Contains("the host wants it back", result.Output, StringComparison.Ordinal);
        await _machine.OutputAsync(
            $$"""
            cd /sys/bus/pci
            echo > devices/{{HostDeviceMachine.Disk}}/driver_override
            echo {{HostDeviceMachine.Disk}} > drivers/vfio-pci/unbind
            echo {{HostDeviceMachine.Disk}} > drivers_probe
            """);
    }

    [Fact]
    public async Task MonitorThatIsKilled_LeavesEveryDeviceToTheHost()
    {
        string guest = fixture.Guest(
            "victim",
            "until [ -b /dev/nvme0n1 ]; do sleep 0.2; done; while :; do dd if=/dev/nvme0n1 of=/dev/null bs=64k iflag=direct 2>/dev/null; done",
            $"vfio:{HostDeviceMachine.Disk}",
            $"vfio:{HostDeviceMachine.Port}");
        string output = await _machine.OutputAsync(
            $$"""
            head -c 1048576 /dev/urandom > /tmp/data; dd if=/tmp/data of=/dev/nvme0n1 bs=64k oflag=direct 2>/dev/null
            for round in $(seq {{Rounds}}); do
                {{guest}} > /tmp/victim.$round 2>&1 < /dev/null &
                sleep $((RANDOM % 20)).$((RANDOM % 10))
                kill -9 $!; wait $! 2>/dev/null
                viaduct run --engine kvm --name next --kernel /nowhere --assign vfio:{{HostDeviceMachine.Disk}} > /tmp/next.$round 2>&1 < /dev/null
                {{DriverOf(HostDeviceMachine.Disk)}}
                {{DriverOf(HostDeviceMachine.Port)}}
                i=0; until [ -b /dev/nvme0n1 ] || [ $i = 50 ]; do i=$((i+1)); sleep 0.2; done
                dd if=/dev/nvme0n1 bs=64k count=16 iflag=direct 2>/dev/null | cmp - /tmp/data && echo intact
                ip link set $(ls /sys/bus/pci/devices/{{HostDeviceMachine.Port}}/net) up && ip link set $(ls /sys/bus/pci/devices/{{HostDeviceMachine.Port}}/net) down && echo up
            done
            """,
            TimeSpan.FromMinutes(25));
        Assert.Equal(Rounds, output.Split("has nvme\n").Length - 1);
        Assert.Equal(Rounds, output.Split("has igb\n").Length - 1);
        Assert.Equal(Rounds, output.Split("intact\n").Length - 1);
        Assert.Equal(Rounds, output.Split("\nup\n").Length - 1);
    }

    private static string DriverOf(string address) => $"echo \"has $(basename $(readlink /sys/bus/pci/devices/{address}/driver))\"";

    // What follows a word at a line's beginning, up to the next space.
    private static string Value(string output, string word) =>
        output.Split('\n').Select(line => line.Trim().Split(' ')).First(words => words[0] == word)[1];
}
