using System.Text.Json;
using Viaduct.Lab.Outer;

namespace Viaduct.Lab;

/// <summary>
/// <c>viaduct sriov</c> and <c>viaduct doctor</c> with real drivers: igb and igbvf on QEMU's 82576, which has MAC
/// filters and VLANs per virtual function, and takes spoof checks and rates without effect; and QEMU's NVMe controller.
/// </summary>
public sealed class HostFunctionsTests(HostFunctionsMachine fixture) : IClassFixture<HostFunctionsMachine>
{
    // The program takes seconds to start there, more on a busy host.
    private static readonly TimeSpan _patience = TimeSpan.FromMinutes(8);

    // All of the port that a case may change; "two" has two functions with an interface each, in network namespaces of their own.
    private const string Tools = """
        linked() { for i in $(seq 100); do [ "$(cat /sys/class/net/port0/carrier)" = 1 ] && return; sleep 0.2; done; return 1; }
        state() { cat /sys/class/net/port0/{address,mtu,flags}; ip link show port0 | grep ' vf '; cat /sys/class/net/port0/device/sriov_{numvfs,drivers_autoprobe}; ls /sys/bus/pci/drivers/igbvf | grep :; }
        refused() { local status=$1; shift; "$@" && return 1; [ $? = $status ]; }
        two() {
            viaduct sriov create port0 2 || exit
            viaduct sriov set port0 vf=1 mac=52:54:00:00:01:01 && viaduct sriov set port0 vf=2 mac=52:54:00:00:01:02 || exit
            for n in 0 1; do
                function=$(basename $(readlink /sys/class/net/port0/device/virtfn$n))
                echo $function > /sys/bus/pci/drivers/igbvf/unbind; echo $function > /sys/bus/pci/drivers_probe
                for i in $(seq 50); do interface=$(ls /sys/bus/pci/devices/$function/net) && [ "$interface" ] && break; sleep 0.2; done
                ip netns add n$n; ip link set $interface name eth$n netns n$n
                ip -n n$n address add 10.9.9.$((n + 1))/24 dev eth$n; ip -n n$n link set eth$n up
                for i in $(seq 50); do [ "$(ip netns exec n$n cat /sys/class/net/eth$n/carrier)" = 1 ] && break; sleep 0.2; done
            done
        }
        gone() { ip netns delete n0; ip netns delete n1; sleep 1; viaduct sriov remove port0 --force; }
        answered() { ip -n n0 neigh flush all; ip netns exec n0 ping -c 5 -i 0.3 -W 3 10.9.9.2 | grep -o '[0-9]* received'; }

        """;

    private readonly OuterMachine _machine = fixture.Machine;

    [Fact]
    public async Task Doctor_SaysWhatThisMachineHas()
    {
        using JsonDocument json = JsonDocument.Parse(await _machine.OutputAsync("viaduct doctor --json 2>/dev/null", _patience));
        Dictionary<string, (bool Usable, string Reason)> host = json.RootElement.GetProperty("host").EnumerateArray().ToDictionary(
            each => each.GetProperty("name").GetString()!,
            each => (each.GetProperty("usable").GetBoolean(), each.GetProperty("reason").GetString()!));
        Assert.All(host.Values, each => Assert.True(each.Usable, each.Reason));
        Assert.StartsWith("VT-d (dmar0)", host["iommu"].Reason, StringComparison.Ordinal);
        Assert.Contains("of 7 virtual functions", host["sr-iov"].Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Settings_AreWhatTheKernelsOwnToolsShow()
    {
        string output = await _machine.OutputAsync(
            Tools + """
            state > /tmp/before
            viaduct sriov create port0 2 vlan=7 autoprobe=off && linked || exit
            viaduct sriov set port0 vf=2 mac=52:54:00:00:01:02 vlan=100 qos=3 spoofchk=off trust=on max-tx-rate=500 || exit
            ip link show port0 | grep ' vf '
            viaduct sriov set port0 pf autoprobe=on && viaduct sriov remove port0 || exit
            state > /tmp/after
            cmp /tmp/before /tmp/after
            """,
            _patience);
        string[] lines = output.Split('\n');
        Assert.Contains("vlan 7, spoof checking on, link-state auto, trust off", lines[0], StringComparison.Ordinal);
        Assert.Contains("52:54:00:00:01:02", lines[1], StringComparison.Ordinal);
        Assert.Contains("vlan 100, qos 3, tx rate 500 (Mbps), max_tx_rate 500Mbps, spoof checking off, link-state auto, trust on", lines[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task StepThatTheDriverRefuses_LeavesAllAsItWas()
    {
        string output = await _machine.OutputAsync(
            Tools + """
            viaduct sriov create port0 2 mac=52:54:00:00:01:01 vlan=5 || exit
            for i in $(seq 100); do [ $(ls /sys/bus/pci/drivers/igbvf | grep -c :) = 2 ] && break; sleep 0.2; done
            state > /tmp/before
            refused 1 viaduct sriov set port0 vf=1 mac=52:54:00:00:01:09 vlan=6 trust=on link=up || exit
            refused 1 viaduct sriov set port0 vf=1 vlan=6 proto=802.1ad || exit
            refused 1 viaduct sriov create port0 1 vlan=8 link=down || exit
            for i in $(seq 100); do [ $(ls /sys/bus/pci/drivers/igbvf | grep -c :) = 2 ] && break; sleep 0.2; done
            state > /tmp/after
            diff /tmp/before /tmp/after || exit
            viaduct sriov remove port0
            """,
            _patience);
        Assert.Equal(
            [
                "viaduct: can't set vf1's link to up: the driver igb doesn't offer that (errno 95); all is as it was before",
                "viaduct: can't put vf1 into VLAN 6 (802.1ad, priority 0): the driver igb has no tags of 802.1ad (errno 93); all is as it was before",
                "viaduct: can't set vf3's link to down: the driver igb doesn't offer that (errno 95); all is as it was before",
            ],
            output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public async Task MacAndVlan_Act_AndWhatIsInUseStays()
    {
        string output = await _machine.OutputAsync(
            Tools + """
            two
            trap gone EXIT
            ip netns exec n0 cat /sys/class/net/eth0/address; ip netns exec n1 cat /sys/class/net/eth1/address
            echo "no VLAN: $(answered)"
            viaduct sriov set port0 vf=1 vlan=100 || exit; echo "one in a VLAN: $(answered)"
            viaduct sriov set port0 vf=2 vlan=100 || exit; echo "both in it: $(answered)"
            viaduct sriov set port0 vf=1 vlan=0 && viaduct sriov set port0 vf=2 vlan=0 || exit; echo "out of it: $(answered)"
            refused 5 viaduct sriov remove port0 2>&1
            """,
            TimeSpan.FromMinutes(15));
        Assert.Equal(
            [
                "52:54:00:00:01:01", "52:54:00:00:01:02",
                "no VLAN: 5 received", "one in a VLAN: 0 received", "both in it: 5 received", "out of it: 5 received",
                "viaduct: port0's vf1 (0000:02:10.0) is used by another network namespace, which has its interface; end that container, or move the interface back, or take it all the same: --force",
            ],
            output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public async Task FunctionThatAProcessHasByVfio_IsLeftAlone_AndTheProcessIsNamed()
    {
        string output = await _machine.OutputAsync(
            Tools + """
            viaduct sriov create port0 2 autoprobe=off || exit
            function=$(basename $(readlink /sys/class/net/port0/device/virtfn1))
            echo vfio-pci > /sys/bus/pci/devices/$function/driver_override; echo $function > /sys/bus/pci/drivers_probe
            group=$(basename $(readlink /sys/bus/pci/devices/$function/iommu_group))
            sleep 1000 3<>/dev/vfio/$group &
            echo $!
            refused 5 viaduct sriov remove port0 --force 2>&1 || exit
            kill $!; wait $!
            viaduct sriov set port0 pf autoprobe=on && viaduct sriov remove port0
            """,
            _patience);
        string[] lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Contains($"is used by sleep (pid {lines[0]}), by VFIO", lines[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task NvmeController_HasItsFunctionsMadeAndTakenAway()
    {
        string output = await _machine.OutputAsync(
            """
            controller=$(basename $(ls -d /sys/bus/pci/drivers/nvme/0000:*))
            viaduct sriov create $controller 2 autoprobe=off && cat /sys/bus/pci/devices/$controller/sriov_{numvfs,drivers_autoprobe} || exit
            viaduct sriov remove $controller && viaduct sriov set $controller pf autoprobe=on && cat /sys/bus/pci/devices/$controller/sriov_{numvfs,drivers_autoprobe}
            """,
            _patience);
        Assert.Equal("2\n0\n0\n1\n", output);
    }
}
