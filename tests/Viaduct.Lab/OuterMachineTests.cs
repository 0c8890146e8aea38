using Viaduct.Lab.Outer;

namespace Viaduct.Lab;

/// <summary>The outer machine has what the other cases count on.</summary>
[Collection(nameof(PlainCases))]
public sealed class OuterMachineTests(PlainMachine fixture)
{
    private readonly OuterMachine _machine = fixture.Machine;

    [Fact]
    public async Task Kvm_IsThere() =>
        Assert.Equal("12\n", await _machine.OutputAsync("""
            cat > /tmp/version.c <<'END'
            #include <fcntl.h>
            #include <stdio.h>
            #include <sys/ioctl.h>
            #include <linux/kvm.h>
            int main(void) { printf("%d\n", ioctl(open("/dev/kvm", O_RDWR), KVM_GET_API_VERSION, 0)); }
            END
            gcc -o /tmp/version /tmp/version.c && /tmp/version
            """));

    [Fact]
    public async Task Functions_HaveGroupsBehindVtd_AndRemapInterrupts()
    {
        string output = await _machine.OutputAsync("""
            for f in /sys/bus/pci/devices/*; do echo "$(basename $(dirname $(readlink -f $f/iommu_group/devices))) ${f##*/}"; done
            dmesg | grep -i 'IRQ remapping'
            """);
        Assert.Contains("0000:01:00.0", output, StringComparison.Ordinal);
        Assert.Contains("Enabled IRQ remapping", output, StringComparison.Ordinal);
        string[] groups = output.Split('\n').Where(line => line.EndsWith(".0", StringComparison.Ordinal) && line.Contains(":00.0", StringComparison.Ordinal)).Select(line => line.Split(' ')[0]).ToArray();
        Assert.All(groups, group => Assert.Matches("^[0-9]+$", group));
    }

    [Fact]
    public async Task NetworkPort_HasVirtualFunctions_ThatVfioTakes() => await TakeAsync("igb", "0x10ca");

    [Fact]
    public async Task NvmeController_HasVirtualFunctions_ThatVfioTakes() => await TakeAsync("nvme", "0x0010");

    [Fact]
    public async Task NvmeDisk_KeepsWhatIsWritten() =>
        await _machine.OutputAsync("""
            head -c 1048576 /dev/urandom > /tmp/data
            dd if=/tmp/data of=/dev/nvme0n1 bs=64k oflag=direct && dd if=/dev/nvme0n1 of=/tmp/back bs=64k count=16 iflag=direct && cmp /tmp/data /tmp/back
            """);

    [Fact]
    public async Task Wire_LeadsFromThePortToTheMachinesOwnNetwork() =>
        await _machine.OutputAsync("""
            interface() { for i in /sys/class/net/*; do [ "$(cat $i/address)" != "$1" ] || echo ${i##*/}; done; }
            port=$(interface 52:54:00:00:00:01) own=$(interface 52:54:00:00:00:00)
            ip netns add far && ip link set $own netns far && ip netns exec far ip address add 10.9.0.1/24 dev $own && ip netns exec far ip link set $own up
            ip address add 10.9.0.2/24 dev $port && ip link set $port up
            trap "ip address flush dev $port; ip netns delete far" EXIT
            ping -c 3 -w 60 10.9.0.1
            """);

    [Fact]
    public async Task Script_ThatHangs_IsKilledWithAllThatItStarted()
    {
        OuterCommand command = _machine.Start("sleep 1234 & echo started; wait");
        await command.SeenAsync("started");
        await Assert.ThrowsAsync<OuterMachineException>(() => command.EndAsync(TimeSpan.FromMilliseconds(1)));
        Assert.Equal(1, (await _machine.RunAsync("pgrep -f 'sleep 123[4]'")).Status);
    }

    [Fact]
    public async Task Script_GetsWhatIsTyped()
    {
        OuterCommand command = _machine.Start("read -r word; echo got $word; exit 7");
        command.Type("tea\n");
        Assert.Equal(new OuterResult(7, "got tea\n"), await command.EndAsync());
    }

    // All of a port's functions back with the kernel afterwards, for the other cases' sake.
    private async Task TakeAsync(string driver, string device)
    {
        string output = await _machine.OutputAsync($$"""
            cd /sys/bus/pci/drivers/{{driver}}
            physical=$(readlink -f $(ls -d 0000:* | head -n 1))
            echo 0 > $physical/sriov_drivers_autoprobe
            echo 2 > $physical/sriov_numvfs
            for vf in $physical/virtfn*; do
                vf=$(readlink -f $vf)
                echo vfio-pci > $vf/driver_override
                echo ${vf##*/} > /sys/bus/pci/drivers_probe
                echo "function $(cat $vf/device) $(basename $(readlink $vf/driver)) $([ -c /dev/vfio/$(basename $(readlink $vf/iommu_group)) ] && echo group)"
            done
            echo 0 > $physical/sriov_numvfs
            echo 1 > $physical/sriov_drivers_autoprobe
            """);
        Assert.Equal([$"function {device} vfio-pci group", $"function {device} vfio-pci group"], output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }
}
