using System.Globalization;
using System.Security.Cryptography;
using Viaduct.Guests.Support;
using Viaduct.Machine;
using Viaduct.Machine.GuestParts;
using Viaduct.Machine.Specification;
using Viaduct.Platform.Accounting;

namespace Viaduct.Guests;

/// <summary>
/// <see cref="OtherKernels"/>, worked at by their shells.
/// </summary>
public sealed class OtherKernelsTests : IDisposable
{
    private const int DiskLength = 16 << 20;
    private const int Written = 4 << 20;

    private readonly GuestFiles _files = new();
    private readonly Transcript _transcript = new();
    private readonly StringWriter _log = new();

    public static TheoryData<string> Kernels()
    {
        string[] names = [.. OtherKernels.Names];
        return names.Length == 0 ? ["none"] : [.. names];
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public async Task Shell_WorksOnBothDisks_AndTheKernelComplainsOfNothing(string name)
    {
        Assert.SkipWhen(
            name == "none",
            $"other kernels aren't tested: set {OtherKernels.Variable} to a folder with a subfolder for each kernel, its Debian packages unpacked there");
        GuestKernel kernel = OtherKernels.Find(name);
        string[] images = [_files.Write("emulated.img", new byte[DiskLength]), _files.Write("paravirtual.img", new byte[DiskLength])];
        MachineSpec spec = new()
        {
            Kernel = kernel.Image,
            Initrd = _files.RamDisk(kernel, GuestShell.Start),
            CommandLine = "console=ttyS0",
            Memory = 512UL << 20,
            Disks =
            [
                new DiskSpec { Id = "first", Path = images[0], Road = Road.Emulated },
                new DiskSpec { Id = "second", Path = images[1], Road = Road.Paravirtual },
            ],
        };
        string[] sums = [];

        MachineExit exit = await GuestRun.ToEnd(spec, _transcript, _log, async machine =>
        {
            GuestShell shell = new(machine.Console, _transcript);
            await shell.Ready();
            // From here on the kernel's messages aren't to fall between the commands' output; the log has them.
            await shell.Run("dmesg -n 1");
            Assert.Equal(kernel.Version, await shell.Run("uname -r"));
            Assert.Equal("/dev/ttyS0", await shell.Run("tty"));
            sums = [await WriteAndReadBack(shell, "nvme0n1"), await WriteAndReadBack(shell, "vda")];
            Assert.True(int.Parse(await shell.Run("dmesg | wc -l"), CultureInfo.InvariantCulture) > 100);
            Assert.Equal("", await shell.Run("dmesg -r | grep -E '^<[0-4]>|[Ff]irmware [Bb]ug|I/O error'"));
            await shell.Type("poweroff -f\n");
        });

        Assert.Equal(MachineExitReason.PowerOff, exit.Reason);
        Assert.Equal("", _log.ToString());
        Assert.Equal(sums, images.Select(SumOf));
    }

    public void Dispose()
    {
        _files.Dispose();
        _log.Dispose();
    }

    private static async Task<string> WriteAndReadBack(GuestShell shell, string disk)
    {
        await shell.Run($"while [ ! -b /dev/{disk} ]; do usleep 20000; done");
        await shell.Run($"dd if=/dev/urandom of=/tmp/data bs=64k count={Written >> 16}");
        string written = await shell.Run("sha256sum < /tmp/data");
        Assert.Equal("0", await shell.Run($"dd if=/tmp/data of=/dev/{disk} bs=64k 2> /tmp/said; echo $?"));
        await shell.Run("sync; echo 3 > /proc/sys/vm/drop_caches");
        Assert.Equal(written, await shell.Run($"head -c {Written} /dev/{disk} | sha256sum"));
        return written.Split(' ')[0];
    }

    private static string SumOf(string image) =>
        Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(image).AsSpan(0, Written)));
}
