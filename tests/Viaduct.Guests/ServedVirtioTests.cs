using System.Security.Cryptography;
using Viaduct.Guests.Support;
using Viaduct.Machine.Specification;

namespace Viaduct.Guests;

/// <summary>Debian's kernel as it is, with virtio devices assigned that <c>viaduct serve</c> has in another process.</summary>
public sealed class ServedVirtioTests : IDisposable
{
    private const int DiskLength = 8 << 20;

    private readonly GuestFiles _files = new();
    private readonly Transcript _transcript = new();
    private readonly StringWriter _log = new();

    public void Dispose()
    {
        _files.Dispose();
        _log.Dispose();
    }

    [Fact]
    public async Task Disk_IsWrittenAndReadBack_ByOneGuestAfterTheOther()
    {
        byte[] contents = RandomNumberGenerator.GetBytes(DiskLength);
        string path = _files.Write("disk.img", contents);
        string socket = _files.Path("disk.sock");
        byte[] after = [.. contents[..(DiskLength / 2)], .. contents[..(DiskLength / 2)]];
        string sum = Convert.ToHexStringLower(SHA256.HashData(after));
        using ViaductProcess server = new("serve", "virtio-blk", "--disk", $"path={path}", "--queues", "2", "--vfio-user", socket);
        await server.SeenAsync("viaduct: ready");
        for (int guest = 0; guest < 2; guest++)
        {
            MachineSpec spec = GuestRun.Spec(_files, $$"""
                while [ ! -b /dev/vda ]; do usleep 20000; done
                dd if=/dev/vda of=/tmp/data bs=1M count=4 2>/dev/null
                dd if=/tmp/data of=/dev/vda bs=64k seek=64 conv=fsync 2>/dev/null; echo "WRITE-{{guest}} $?"
                echo 3 > /proc/sys/vm/drop_caches
                echo "SUM-{{guest}} $(sha256sum < /dev/vda)"
                poweroff -f
                """) with { Assigned = [new AssignedSpec { Id = "assigned", Socket = socket }] };
            _ = await GuestRun.ToEnd(spec, _transcript, _log);
            Assert.Equal("0", _transcript.After($"WRITE-{guest}"));
            Assert.Equal(sum, _transcript.After($"SUM-{guest}").Split(' ')[0]);
        }

        await server.SignalAsync("TERM");
        Assert.Equal(0, await server.EndAsync());
        Assert.Equal(after, await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken));
        Assert.DoesNotContain("BUG:", _transcript.Text, StringComparison.Ordinal);
    }
}
