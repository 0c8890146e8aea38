using System.Security.Cryptography;
using Viaduct.Assigned;
using Viaduct.Assigned.VfioUser.Client;
using Viaduct.Guests.Support;
using Viaduct.Machine;
using Viaduct.Machine.Specification;
using Viaduct.Platform.Accounting;

namespace Viaduct.Guests;

/// <summary>Debian's kernel as it is, with an NVMe controller assigned that is served over vfio-user, and goes and comes while the guest works with it.</summary>
public sealed class AssignedDeviceTests : IDisposable
{
    private const int DiskLength = 8 << 20;

    private const string Functions = """
        disk() { for each in /dev/nvme*n1; do [ -b $each ] && echo $each && return; done; }
        await() { while [ -z "$(disk)" ]; do usleep 20000; done; }
        check() {
            dd if=$(disk) of=/tmp/data bs=1M count=4 2>/dev/null
            dd if=/tmp/data of=$(disk) bs=64k seek=64 conv=fsync 2>/dev/null; echo "WRITE-$1 $?"
            echo 3 > /proc/sys/vm/drop_caches
            echo "SUM-$1 $(sha256sum < $(disk))"
        }
        """;

    private readonly GuestFiles _files = new();
    private readonly Transcript _transcript = new();
    private readonly StringWriter _log = new();

    public void Dispose()
    {
        _files.Dispose();
        _log.Dispose();
    }

    [Fact]
    public async Task Device_GoesAndComes_AndTheGuestGoesOn()
    {
        byte[] contents = RandomNumberGenerator.GetBytes(DiskLength);
        string path = _files.Write("disk.img", contents);
        string socket = _files.Path("nvme.sock");
        ServedDisk disk = new(socket, path);
        MachineSpec spec = GuestRun.Spec(_files, Functions + """

            await
            check first
            dd if=$(disk) of=/dev/null bs=4k 2>/dev/null &
            echo "NOW ."
            while [ -n "$(disk)" ]; do usleep 20000; done
            echo "GONE ."
            await
            check second
            dmesg | grep -iE 'BUG:|call trace|pciehp|nvme' | sed 's/^/LOG /'
            echo "END ."
            poweroff -f
            """) with { Assigned = [new AssignedSpec { Id = "assigned", Socket = socket }] };
        MachineExit exit = await GuestRun.ToEnd(spec, _transcript, _log, async machine =>
        {
            await _transcript.Seen("NOW .");
            disk.Dispose();
            await _transcript.Seen("GONE .");
            disk = new ServedDisk(socket, path);
            await machine.Exited;
        });
        disk.Dispose();
        Assert.Equal(MachineExitReason.PowerOff, exit.Reason);
        byte[] after = [.. contents[..(DiskLength / 2)], .. contents[..(DiskLength / 2)]];
        string sum = Convert.ToHexStringLower(SHA256.HashData(after));
        foreach (string part in new[] { "first", "second" })
        {
            Assert.Equal("0", _transcript.After($"WRITE-{part}"));
            Assert.Equal(sum, _transcript.After($"SUM-{part}").Split(' ')[0]);
        }

        Assert.Equal(after, await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken));
        Assert.DoesNotContain("BUG:", _transcript.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task SteadyState_IsNoExit_AndASecondGuestIsRefused()
    {
        string socket = _files.Path("nvme.sock");
        using ServedDisk disk = new(socket, _files.Write("disk.img", RandomNumberGenerator.GetBytes(DiskLength)));
        MachineSpec spec = GuestRun.Spec(_files, Functions + """

            await
            check first
            echo "BEGIN ."
            read line < /dev/console
            dd if=$(disk) of=/dev/null bs=4k iflag=direct 2>/dev/null
            dd if=/tmp/data of=$(disk) bs=64k oflag=direct conv=fsync 2>/dev/null
            echo "DONE ."
            read line < /dev/console
            poweroff -f
            """) with { Assigned = [new AssignedSpec { Id = "assigned", Socket = socket }] };
        DeviceCounts counts = default;
        _ = await GuestRun.ToEnd(spec, _transcript, _log, async machine =>
        {
            await _transcript.Seen("BEGIN .");
            AssignedDeviceException refused = Assert.Throws<AssignedDeviceException>(() => new VfioUserSource(socket, "guest 'second'").Open());
            Assert.True(refused.IsHeld);
            Assert.Contains("guest 'guest'", refused.Message, StringComparison.Ordinal);
            DeviceCounts before = machine.Devices[0].Counters.Read();
            machine.Serial.Receive("\r"u8);
            await _transcript.Seen("DONE .");
            counts = machine.Devices[0].Counters.Read() - before;
            machine.Serial.Receive("\r"u8);
            await machine.Exited;
        });
        TestContext.Current.TestOutputHelper?.WriteLine(counts.ToString());
        Assert.True(counts.Requests >= (DiskLength / 4096) + 64);
        Assert.True(counts.Interrupts > 0);
        Assert.Equal(0, counts.Exits);
    }
}
