using System.Diagnostics;
using System.Text.RegularExpressions;
using Viaduct.Machine.GuestParts;

namespace Viaduct.Interop;

/// <summary>
/// QEMU's guest with our controller, served by another process. Optional: VIADUCT_QEMU names a QEMU that has the device
/// vfio-user-pci (10.1 and later), or a script that starts one.
/// </summary>
public sealed partial class QemuTests : IDisposable
{
    private const string Script = """
        disk=/dev/nvme0n1
        while [ ! -b $disk ]; do usleep 50000; done
        verify() {
            fio --name=v --filename=$disk --rw=randwrite --bs=$2 --size=16m --io_size=6m --iodepth=$3 --ioengine=io_uring --direct=1 \
                --verify=crc32c --do_verify=1 --minimal --terse-version=3 2>/dev/null | cut -d';' -f5 | sed "s/^/RESULT $1 /"
        }
        verify random 4k 16
        verify large 256k 4
        echo 1 > /sys/class/nvme/nvme0/reset_controller; echo "RESULT reset $?"
        verify after 8k 8
        echo "RESULT vectors $(grep -c nvme /proc/interrupts)"
        dmesg | grep -E ' BUG:|Call Trace|timeout, ' | sed 's/^/RESULT bad /'
        echo "RESULT end ."
        poweroff -f
        """;

    private const string SharedMemory = "memory-backend-memfd,id=m,size=512M,share=on";
    private const string CommandLine = "console=ttyS0 quiet panic=-1";

    private static readonly TimeSpan _limit = TimeSpan.FromMinutes(4);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("viaduct-test-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData(SharedMemory)]
    [InlineData("memory-backend-ram,id=m,size=512M")]
    public async Task Guest_VerifiesWhatItWrites_WithMemoryThatIsSharedOrNot(string memory)
    {
        string? qemu = Environment.GetEnvironmentVariable("VIADUCT_QEMU");
        Assert.SkipWhen(string.IsNullOrEmpty(qemu), "VIADUCT_QEMU names no QEMU");
        string disk = Path.Combine(_folder.FullName, "disk.img");
        await File.WriteAllBytesAsync(disk, new byte[32 << 20], TestContext.Current.CancellationToken);
        string socket = Path.Combine(_folder.FullName, "nvme.sock");
        using DeviceServer server = new(disk, socket);
        AssertVerified(await RunAsync(qemu, QemuArguments(Parts(), memory, socket)));
        Assert.Equal(0, server.End());
    }

    [Fact]
    public async Task Guest_WithAVirtualFunction_VerifiesBesideOneOfOurs()
    {
        string? qemu = Environment.GetEnvironmentVariable("VIADUCT_QEMU");
        Assert.SkipWhen(string.IsNullOrEmpty(qemu), "VIADUCT_QEMU names no QEMU");
        string disk = Path.Combine(_folder.FullName, "disk.img");
        await File.WriteAllBytesAsync(disk, new byte[3 * (32 << 20)], TestContext.Current.CancellationToken);
        string folder = Path.Combine(_folder.FullName, "shared");
        using DeviceServer server = new(disk, folder, virtualFunctions: 2);
        (string kernel, string initrd) = Parts();
        Task<string> theirs = RunAsync(qemu, QemuArguments((kernel, initrd), SharedMemory, Path.Combine(folder, "vf1.sock")));
        Task<string> ours = RunAsync(DeviceServer.ViaductProgram,
        [
            "run", "--engine", "software", "--memory", "512M", "--kernel", kernel, "--initrd", initrd, "--append", CommandLine,
            "--assign", $"vfio-user:{Path.Combine(folder, "vf2.sock")}",
        ]);
        AssertVerified(await theirs);
        AssertVerified(await ours);
        Assert.Equal(0, server.End());
    }

    private static void AssertVerified(string console)
    {
        List<string> results = [.. ResultLine().Matches(console).Select(match => match.Groups[1].Value)];
        Assert.True(results.Count == 6, $"the guest's console:\n{console}");
        Assert.Equal(["random 0", "large 0", "reset 0", "after 0"], results[..4]);
        Assert.Matches("^vectors [2-9]", results[4]);
        Assert.Equal("end .", results[5]);
    }

    private static string[] QemuArguments((string Kernel, string Initrd) parts, string memory, string socket) =>
    [
        "-machine", "q35,accel=tcg,memory-backend=m", "-cpu", "max", "-m", "512M", "-object", memory, "-nodefaults", "-no-reboot",
        "-display", "none", "-serial", "stdio", "-kernel", parts.Kernel, "-initrd", parts.Initrd, "-append", CommandLine,
        "-device", $$$"""{"driver":"vfio-user-pci","socket":{"type":"unix","path":"{{{socket}}}"}}""",
    ];

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

    private static async Task<string> RunAsync(string program, string[] arguments)
    {
        ProcessStartInfo start = new(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        Task<string> errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        try
        {
            await process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(_limit, TestContext.Current.CancellationToken);
        }
        catch (TimeoutException)
        {
            process.Kill(entireProcessTree: true);
        }

        return await output + await errors;
    }

    [GeneratedRegex(@"^RESULT (.*?)\s*$", RegexOptions.Multiline)]
    private static partial Regex ResultLine();
}
