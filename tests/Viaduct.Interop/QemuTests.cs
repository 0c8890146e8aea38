using Viaduct.Machine.GuestParts;

namespace Viaduct.Interop;

/// <summary>QEMU's guests with our controller, served by another process. Optional: see <see cref="VfioUserQemu"/>.</summary>
public sealed class QemuTests : IDisposable
{
    // Each guest waits for the return key before it begins, and before it goes.
    private const string Script = """
        disk=/dev/nvme0n1
        while [ ! -b $disk ]; do usleep 50000; done
        verify() {
            fio --name=v --filename=$disk --rw=randwrite --bs=$2 --size=16m --io_size=6m --iodepth=$3 --ioengine=io_uring --direct=1 \
                --verify=crc32c --do_verify=1 --minimal --terse-version=3 2>/dev/null | cut -d';' -f5 | sed "s/^/RESULT $1 /"
        }
        echo "RESULT ready"
        read -r go
        verify random 4k 16
        verify large 256k 4
        echo 1 > /sys/class/nvme/nvme0/reset_controller; echo "RESULT reset $?"
        verify after 8k 8
        [ $(grep -c nvme /proc/interrupts) -ge 2 ]; echo "RESULT vectors $?"
        dmesg | grep -E ' BUG:|Call Trace|timeout, ' | sed 's/^/RESULT bad /'
        echo "RESULT end"
        read -r go
        poweroff -f
        """;

    private const string SharedMemory = "memory-backend-memfd,id=m,size=512M,share=on";
    private const string CommandLine = "console=ttyS0 quiet panic=-1";

    // On a busy host QEMU's timer ticks too seldom while its guest's kernel counts, which panics then.
    private const string QemuCommandLine = $"{CommandLine} no_timer_check";

    private static readonly string[] _expected = ["ready", "random 0", "large 0", "reset 0", "after 0", "vectors 0", "end"];

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("viaduct-test-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData(SharedMemory)]
    [InlineData("memory-backend-ram,id=m,size=512M")]
    public void Guest_VerifiesWhatItWrites_WithMemoryThatIsSharedOrNot(string memory)
    {
        string qemu = VfioUserQemu.Require();
        string socket = Path.Combine(_folder.FullName, "nvme.sock");
        using DeviceServer server = new(NewDisk(1), socket);
        using ConsoleGuest guest = new(qemu, QemuArguments(Parts(), memory, socket));
        Verify(guest);
        Assert.Equal(0, server.End());
    }

    [Theory]
    [InlineData("vf1", "vf2")]
    [InlineData("pf", "vf1")]
    public void Guest_WithAFunctionOfASharedController_VerifiesWhileOneOfOursHasAnother(string theirs, string ours)
    {
        string qemu = VfioUserQemu.Require();
        string folder = Path.Combine(_folder.FullName, "shared");
        using DeviceServer server = new(NewDisk(3), folder, virtualFunctions: 2);
        (string Kernel, string Initrd) parts = Parts();
        using ConsoleGuest first = new(qemu, QemuArguments(parts, SharedMemory, Path.Combine(folder, theirs + ".sock")));
        using ConsoleGuest second = new(
            DeviceServer.ViaductProgram,
            [
                "run", "--engine", "software", "--memory", "512M", "--kernel", parts.Kernel, "--initrd", parts.Initrd, "--append", CommandLine,
                "--assign", $"vfio-user:{Path.Combine(folder, ours + ".sock")}",
            ]);
        Verify(first, second);
        Assert.Equal(0, server.End());
    }

    // None begins before all have their device, and none gives it back before all are done.
    private static void Verify(params ConsoleGuest[] guests)
    {
        foreach (string stage in (string[])["ready", "end"])
        {
            Array.ForEach(guests, guest => guest.Await(stage));
            Array.ForEach(guests, guest => guest.GoOn());
        }

        Array.ForEach(guests, guest => guest.AwaitEnd());
        Assert.All(guests, guest => Assert.Equal(_expected, guest.Results));
    }

    private static string[] QemuArguments((string Kernel, string Initrd) parts, string memory, string socket) =>
    [
        "-machine", "q35,accel=tcg,memory-backend=m", "-cpu", "max", "-m", "512M", "-object", memory, "-nodefaults", "-no-reboot",
        "-display", "none", "-serial", "stdio", "-kernel", parts.Kernel, "-initrd", parts.Initrd, "-append", QemuCommandLine,
        "-device", $$$"""{"driver":"{{{VfioUserQemu.Device}}}","socket":{"type":"unix","path":"{{{socket}}}"}}""",
    ];

    private string NewDisk(int functions)
    {
        const int PartOfOne = 32 << 20;
        string disk = Path.Combine(_folder.FullName, "disk.img");
        using FileStream file = File.Create(disk);
        file.SetLength((long)functions * PartOfOne);
        return disk;
    }

    // Copies, for a QEMU that is started elsewhere may see this folder only.
    private (string Kernel, string Initrd) Parts()
    {
        DebianPackages packages = new(DebianPackages.DefaultFolder, static _ => { });
        GuestKernel kernel = GuestKernel.Fetch(packages);
        string initrd = Path.Combine(_folder.FullName, "initrd.img");
        File.WriteAllBytes(initrd, BusyboxRamDisk.Build(packages, kernel, ["nvme"], Script, FioProgram.Fetch(packages)));
        string image = Path.Combine(_folder.FullName, "vmlinuz");
        File.Copy(kernel.Image, image);
        return (image, initrd);
    }
}
