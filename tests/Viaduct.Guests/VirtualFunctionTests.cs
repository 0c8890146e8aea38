using System.Security.Cryptography;
using Viaduct.Guests.Support;
using Viaduct.Machine;
using Viaduct.Machine.GuestParts;
using Viaduct.Machine.Specification;
using Viaduct.Platform.Accounting;

namespace Viaduct.Guests;

/// <summary>A stock kernel makes virtual functions of the emulated NVMe controller, gives them queues and vectors, and uses them.</summary>
public sealed class VirtualFunctionTests : IDisposable
{
    private const int Part = 4 << 20;
    private const byte VirtualizationManagement = 0x1C;

    private const string Script = """
        pf=/sys/bus/pci/devices/$(basename $(readlink -f /sys/class/nvme/nvme0/device))
        admin() { /nvme-admin 3<>/dev/nvme0 < /$1; echo "ADMIN-$1 $?"; }
        node() { for d in /sys/block/nvme*; do case ${d##*/} in *c*) continue;; esac; if [ "$(cat $d/nsid)" = $1 ]; then basename $d; fi; done; }
        use() { for what in queues vectors online; do admin $what-$1; done; basename $(readlink -f $pf/virtfn$(($1 - 1))) > /sys/bus/pci/drivers/nvme/bind; while [ -z "$(node $(($1 + 1)))" ]; do usleep 20000; done; }
        while [ ! -b /dev/nvme0n1 ]; do usleep 20000; done
        echo "TOTAL $(cat $pf/sriov_totalvfs)"
        echo 0 > $pf/sriov_drivers_autoprobe
        echo 2 > $pf/sriov_numvfs; echo "ENABLE $?"
        admin online-1
        echo 1 > $pf/sriov_drivers_autoprobe
        use 1
        use 2
        for id in 1 2 3; do
            name=$(node $id)
            echo "SIZE-$id $(blockdev --getsize64 /dev/$name)"
            echo "FOUND-$id $(sha256sum < /dev/$name)"
            dd if=/dev/urandom of=/tmp/data-$id bs=64k count=16 2>/dev/null
            dd if=/tmp/data-$id of=/dev/$name bs=64k conv=fsync 2>/dev/null; echo "WRITE-$id $?"
        done
        echo 1 > /sys/class/nvme/nvme2/reset_controller; echo "RESET $?"
        echo 3 > /proc/sys/vm/drop_caches
        for id in 1 2 3; do
            dd if=/dev/$(node $id) of=/tmp/back bs=64k count=16 2>/dev/null
            cmp /tmp/back /tmp/data-$id; echo "SAME-$id $?"
            echo "WRITTEN-$id $(sha256sum < /tmp/data-$id)"
        done
        grep -c 'nvme[12]q1' /proc/interrupts | sed 's/^/QUEUES /'
        echo 0 > $pf/sriov_drivers_autoprobe
        n=0; while [ $n -lt 2 ]; do echo 0 > $pf/sriov_numvfs && echo 2 > $pf/sriov_numvfs && n=$((n + 1)); done; echo "CYCLES $n"
        echo 1 > $pf/sriov_drivers_autoprobe
        use 2
        dd if=/dev/$(node 3) of=/tmp/back bs=64k count=16 2>/dev/null
        cmp /tmp/back /tmp/data-3; echo "AGAIN $?"
        dmesg | grep -iE 'warning|BUG:|i/o error|call trace|unhandled|timeout|not ready' | sed 's/^/SUSPECT /'
        echo "END ."
        poweroff -f
        """;

    private readonly GuestFiles _files = new();
    private readonly Transcript _transcript = new();
    private readonly StringWriter _log = new();

    [Fact]
    public async Task VirtualFunctions_OfTheEmulatedController_AreControllersOfTheirOwn()
    {
        byte[] before = RandomNumberGenerator.GetBytes(3 * Part);
        string path = _files.Write("disk.img", before);
        MachineSpec spec = GuestRun.Spec(_files, Script) with
        {
            Initrd = _files.RamDisk(Script, [AdminCommandProgram.File, .. Commands(1), .. Commands(2)]),
            Disks = [new DiskSpec { Id = "sriov", Path = path, Road = Road.Emulated, VirtualFunctions = 2 }],
        };
        MachineExit exit = await GuestRun.ToEnd(spec, _transcript, _log);
        Assert.True(exit.Reason == MachineExitReason.PowerOff && _transcript.Text.Contains("END .", StringComparison.Ordinal), _transcript.Text);
        Assert.Equal("2", _transcript.After("TOTAL"));
        Assert.Equal("0", _transcript.After("ENABLE"));
        // Without queues it can't be online: Invalid Secondary Controller State.
        Assert.Equal("32", _transcript.After("ADMIN-online-1"));
        Assert.Contains("ADMIN-online-1 0", _transcript.Text, StringComparison.Ordinal);
        Assert.Contains("ADMIN-online-2 0", _transcript.Text, StringComparison.Ordinal);
        byte[] after = await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken);
        for (int id = 1; id <= 3; id++)
        {
            Assert.Equal($"{Part}", _transcript.After($"SIZE-{id}"));
            Assert.StartsWith(Hash(before.AsSpan((id - 1) * Part, Part)), _transcript.After($"FOUND-{id}"), StringComparison.Ordinal);
            Assert.Equal("0", _transcript.After($"WRITE-{id}"));
            Assert.Equal("0", _transcript.After($"SAME-{id}"));
            Assert.StartsWith(Hash(after.AsSpan((id - 1) * Part, 1 << 20)), _transcript.After($"WRITTEN-{id}"), StringComparison.Ordinal);
            Assert.Equal(before.AsSpan(((id - 1) * Part) + (1 << 20), Part - (1 << 20)), after.AsSpan(((id - 1) * Part) + (1 << 20), Part - (1 << 20)));
        }

        Assert.Equal("0", _transcript.After("RESET"));
        Assert.Equal("2", _transcript.After("QUEUES"));
        Assert.Equal("2", _transcript.After("CYCLES"));
        Assert.Equal("0", _transcript.After("AGAIN"));
        Assert.DoesNotContain("SUSPECT", _transcript.Text, StringComparison.Ordinal);
        Assert.Equal("", _log.ToString());
    }

    public void Dispose()
    {
        _files.Dispose();
        _log.Dispose();
    }

    private static string Hash(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    /// <summary>Virtualization Management for a controller: assign 2 VQ, assign 2 VI, online.</summary>
    private static IEnumerable<RamDiskFile> Commands(uint controller)
    {
        const uint Assign = 8;
        const uint Online = 9;
        const uint Interrupts = 1 << 8;
        yield return AdminCommandProgram.Command($"queues-{controller}", VirtualizationManagement, Assign | (controller << 16), 2);
        yield return AdminCommandProgram.Command($"vectors-{controller}", VirtualizationManagement, Assign | Interrupts | (controller << 16), 2);
        yield return AdminCommandProgram.Command($"online-{controller}", VirtualizationManagement, Online | (controller << 16), 0);
    }
}
