using System.Security.Cryptography;
using Viaduct.Guests.Support;
using Viaduct.Machine;
using Viaduct.Machine.Specification;
using Viaduct.Platform.Accounting;

namespace Viaduct.Guests;

/// <summary>One boot of a stock kernel with disks on both roads, which several tests look at.</summary>
public sealed class StockKernelFixture : IAsyncLifetime
{
    /// <summary>Bytes of each disk.</summary>
    internal const int DiskLength = 16 << 20;

    private const int HalfMebibytes = DiskLength >> 21;

    private static readonly string _script = $$"""
        work() {
            while [ ! -b /dev/$1 ]; do usleep 20000; done
            for device in /sys/block/$1/device /sys/block/$1/device/device; do
                if [ -e $device/driver ]; then echo "DRIVER-$1 $(basename $(readlink $device/driver))"; fi
            done
            echo "SIZE-$1 $(blockdev --getsize64 /dev/$1)"
            echo "FOUND-$1 $(sha256sum < /dev/$1)"
            dd if=/dev/$1 of=/tmp/data bs=1M count={{HalfMebibytes}} 2>/dev/null
            dd if=/tmp/data of=/dev/$1 bs=64k seek={{HalfMebibytes * 16}} conv=fsync 2>/dev/null; echo "WRITE-$1 $?"
            echo 3 > /proc/sys/vm/drop_caches
            dd if=/dev/$1 of=/tmp/direct bs=4k count=64 skip={{HalfMebibytes * 256}} iflag=direct 2>/dev/null; echo "DIRECT-$1 $?"
            echo "BACK-$1 $(sha256sum < /dev/$1)"
            mke2fs -F /dev/$1 > /dev/null 2>&1; echo "FORMAT-$1 $?"
        }
        echo "VERSION $(uname -r)"
        work nvme0n1
        work vda
        while [ ! -b /dev/vdb ]; do usleep 20000; done
        echo "READONLY-vdb $(cat /sys/block/vdb/ro)"
        dd if=/tmp/data of=/dev/vdb bs=4k count=1 conv=fsync 2>/dev/null; echo "WRITE-vdb $?"
        echo "SERIAL-vda $(cat /sys/block/vda/serial)"
        echo "SERIAL-nvme0n1 $(cat /sys/block/nvme0n1/device/serial)"
        echo "CLOCK $(cat /sys/devices/system/clocksource/clocksource0/current_clocksource)"
        echo "DATE $(date -u +%s)"
        grep -E 'nvme|virtio' /proc/interrupts | sed 's/^/INTERRUPT /'
        dmesg > /tmp/log
        echo "LOGLINES $(wc -l < /tmp/log)"
        grep -iE 'warning|BUG:|firmware bug|i/o error|call trace|unhandled|timeout|resetting' /tmp/log | sed 's/^/SUSPECT /'
        echo "END ."
        poweroff -f
        """;

    private readonly GuestFiles _files = new();
    private readonly StringWriter _log = new();

    internal Transcript Transcript { get; } = new();

    internal MachineExit Exit { get; private set; }

    internal byte[] Before { get; } = RandomNumberGenerator.GetBytes(DiskLength);

    internal byte[] ReadOnlyAfter { get; private set; } = [];

    internal IReadOnlyDictionary<string, DeviceCounts> Counts { get; private set; } = new Dictionary<string, DeviceCounts>();

    internal string Log => _log.ToString();

    public async ValueTask InitializeAsync()
    {
        MachineSpec spec = GuestRun.Spec(_files, _script) with
        {
            Disks =
            [
                new DiskSpec { Id = "first", Path = _files.Write("emulated.img", Before), Road = Road.Emulated },
                new DiskSpec { Id = "second", Path = _files.Write("paravirtual.img", Before), Road = Road.Paravirtual },
                new DiskSpec { Id = "third", Path = _files.Write("readonly.img", Before), Road = Road.Paravirtual, ReadOnly = true },
            ],
        };
        VirtualMachine? machine = null;
        Exit = await GuestRun.ToEnd(spec, Transcript, _log, running =>
        {
            machine = running;
            return running.Exited;
        });
        ReadOnlyAfter = await File.ReadAllBytesAsync(spec.Disks[2].Path);
        Counts = machine!.Devices.ToDictionary(device => device.Id, device => device.Counters.Read());
    }

    public ValueTask DisposeAsync()
    {
        _files.Dispose();
        _log.Dispose();
        return ValueTask.CompletedTask;
    }
}
