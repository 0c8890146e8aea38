using System.Globalization;
using Viaduct.Guests.Support;
using Viaduct.Machine;
using Viaduct.Machine.GuestParts;
using Viaduct.Machine.Specification;
using Viaduct.Platform.Accounting;

namespace Viaduct.Guests;

/// <summary>
/// A stock kernel makes virtual functions and takes them away, over and over, while fio writes and verifies on what
/// stays: the physical function of the same controller, and a virtual one of another. Within a round a virtual function
/// goes off line and on line again, and one is reset, while fio works on a third. VIADUCT_VF_ROUNDS is how often (2);
/// the kernel is Debian's, or each of <see cref="OtherKernels"/> where these are named.
/// </summary>
public sealed class VirtualFunctionCycleTests : IDisposable
{
    private const string Usual = "debian";
    private const int Functions = 3;
    private const int OtherFunctions = 2;
    private const int Part = 4 << 20;
    private const byte VirtualizationManagement = 0x1C;

    // Late kernels attach drivers at their leisure: autoprobe stays off until the controllers are online. A timer
    // interrupt that took long is the host's being busy, and no device's doing.
    private const string Script = """
        PATH=/sbin:/usr/sbin:/bin:/usr/bin
        cd /sys/bus/pci/devices
        nvme=/sys/bus/pci/drivers/nvme
        fail() { echo "FAILED $*"; }
        admin() { /nvme-admin 3<>/dev/$1 < /$2 || fail $2; }
        controller() { ls $1/nvme 2>/dev/null | head -n 1; }
        disk() { ls /sys/class/nvme/$(controller $1) 2>/dev/null | grep -E '^nvme[0-9]+(c[0-9]+)?n[0-9]+$' | head -n 1 | sed 's/c[0-9]*n/n/'; }
        await() { tries=2000; while [ ! -b "/dev/$(disk $1)" ]; do usleep 10000; tries=$((tries - 1)); [ $tries = 0 ] && fail no disk of $1 && poweroff -f; done; }
        vf() { basename $(readlink -f $1/virtfn$(($2 - 1))); }
        bound() { [ -e $1/driver ]; }
        bind() { bound $(vf $1 $2) || echo $(vf $1 $2) > $nvme/bind || bound $(vf $1 $2) || fail bind $2; await $(vf $1 $2); }
        online() { for what in queues vectors online; do admin $(controller $1) $what-$2; done; }
        work() { fio $4 --name=$2 --filename=/dev/$1 --rw=randwrite --bs=4k --size=1m --loops=$3 --iodepth=4 --ioengine=io_uring --thread \
            --direct=1 --verify=crc32c --verify_state_save=0 --minimal > /tmp/$2 2>&1 || fail fio $2 $(tail -n 2 /tmp/$2); }
        others() { while [ ! -e /tmp/end ]; do work $1 $2 1 --rate_iops=400; echo . >> /tmp/$2-done; done; }
        create() {
            echo 0 > $1/sriov_drivers_autoprobe
            echo $2 > $1/sriov_numvfs || fail numvfs $2
            for i in $3; do online $1 $i; done
            echo 1 > $1/sriov_drivers_autoprobe
            for i in $3; do bind $1 $i; done
        }
        things() { ls /sys/class/nvme /sys/block /dev | grep -c nvme; grep -c nvme /proc/interrupts; }

        round() {
            create $a 3 "1 2 3"
            work $(disk $(vf $a 2)) round 1 &
            job=$!
            echo $(vf $a 1) > $nvme/unbind || fail unbind
            admin $(controller $a) offline-1
            online $a 1
            bind $a 1
            echo 1 > $(vf $a 3)/reset || fail reset
            dd if=/dev/urandom of=/tmp/data bs=4k count=16 2>/dev/null
            for i in 1 3; do
                dd if=/tmp/data of=/dev/$(disk $(vf $a $i)) bs=64k oflag=direct 2>/dev/null || fail write $i
                dd if=/dev/$(disk $(vf $a $i)) of=/tmp/back bs=64k count=1 iflag=direct 2>/dev/null || fail read $i
                cmp /tmp/data /tmp/back || fail compare $i
            done
            wait $job
            echo 0 > $a/sriov_numvfs || fail numvfs 0
        }

        for each in 0000:*; do
            case "$(cat $each/sriov_totalvfs 2>/dev/null)" in 3) a=$each;; 2) b=$each;; esac
        done
        await $a
        await $b
        create $b 1 1
        others $(disk $a) physical &
        others $(disk $(vf $b 1)) elsewhere &
        round
        things > /tmp/before
        echo "BEGIN ."
        n=0
        while [ $n -lt $rounds ]; do round; n=$((n + 1)); [ $((n % 10)) = 0 ] && echo "ROUNDS $n $(cut -d' ' -f1 /proc/uptime)"; done
        things > /tmp/after
        cmp /tmp/before /tmp/after || fail things $(cat /tmp/before /tmp/after)
        echo "DONE $n"
        touch /tmp/end
        wait
        echo "OTHERS $(wc -l < /tmp/physical-done) $(wc -l < /tmp/elsewhere-done)"
        dmesg -r | grep -E '^<[0-4]>' | grep -v 'hrtimer: interrupt took' | sed 's/^/SUSPECT /'
        echo "END ."
        poweroff -f
        """;

    private static readonly string _rounds = Environment.GetEnvironmentVariable("VIADUCT_VF_ROUNDS") is { Length: > 0 } rounds ? rounds : "2";

    private readonly GuestFiles _files = new();
    private readonly Transcript _transcript = new();
    private readonly StringWriter _log = new();

    public static TheoryData<string> Kernels() => [.. OtherKernels.Names.DefaultIfEmpty(Usual)];

    [Theory]
    [MemberData(nameof(Kernels))]
    public async Task VirtualFunctions_ComeAndGo_WhileOthersWork(string name)
    {
        GuestKernel kernel = name == Usual ? GuestFiles.Kernel : OtherKernels.Find(name);
        RamDiskFile[] files = [AdminCommandProgram.File, .. Enumerable.Range(1, Functions).SelectMany(each => Commands((uint)each)), .. GuestFiles.Fio];
        MachineSpec spec = new()
        {
            Kernel = kernel.Image,
            Initrd = _files.RamDisk(kernel, Script, files),
            CommandLine = $"console=ttyS0 rounds={_rounds}",
            Memory = 512UL << 20,
            Disks = [Disk("changing", Functions), Disk("steady", OtherFunctions)],
        };
        int before = 0;
        int after = 0;
        MachineExit exit = await GuestRun.ToEnd(
            spec,
            _transcript,
            _log,
            async machine =>
            {
                await _transcript.Seen("BEGIN .");
                before = Descriptors();
                await _transcript.Seen("DONE " + _rounds);
                after = Descriptors();
                await machine.Exited;
            },
            TimeSpan.FromMinutes(3) + TimeSpan.FromSeconds(15 * int.Parse(_rounds, CultureInfo.InvariantCulture)));
        Assert.True(exit.Reason == MachineExitReason.PowerOff && _transcript.Text.Contains("END .", StringComparison.Ordinal), _transcript.Text);
        string complaints = string.Join('\n', _transcript.Text.Split('\n').Where(line => line.Contains("FAILED", StringComparison.Ordinal) || line.Contains("SUSPECT", StringComparison.Ordinal)));
        Assert.True(complaints.Length == 0, complaints);
        Assert.All(_transcript.After("OTHERS").Split(' '), passes => Assert.NotEqual("0", passes));
        Assert.Equal("", _log.ToString());

        // The runtime itself opens a few at times.
        Assert.InRange(after, 0, before + 8);
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{name}: {_rounds} rounds; passes of fio on the others meanwhile: {_transcript.After("OTHERS")}; descriptors {before}, in the end {after}");
    }

    public void Dispose()
    {
        _files.Dispose();
        _log.Dispose();
    }

    private static int Descriptors() => Directory.GetFiles("/proc/self/fd").Length;

    private static IEnumerable<RamDiskFile> Commands(uint controller)
    {
        const uint Offline = 7;
        const uint Assign = 8;
        const uint Online = 9;
        const uint Interrupts = 1 << 8;
        yield return AdminCommandProgram.Command($"queues-{controller}", VirtualizationManagement, Assign | (controller << 16), 2);
        yield return AdminCommandProgram.Command($"vectors-{controller}", VirtualizationManagement, Assign | Interrupts | (controller << 16), 2);
        yield return AdminCommandProgram.Command($"online-{controller}", VirtualizationManagement, Online | (controller << 16), 0);
        yield return AdminCommandProgram.Command($"offline-{controller}", VirtualizationManagement, Offline | (controller << 16), 0);
    }

    private DiskSpec Disk(string id, int functions) => new()
    {
        Id = id,
        Path = _files.Write(id + ".img", new byte[(functions + 1) * Part]),
        Road = Road.Emulated,
        VirtualFunctions = functions,
    };
}
