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
        dmesg | grep -iE 'BUG:|call trace|timeout, ' | sed 's/^/RESULT bad /'
        echo "RESULT end ."
        poweroff -f
        """;

    private static readonly TimeSpan _limit = TimeSpan.FromMinutes(4);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("viaduct-test-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData("memory-backend-memfd,id=m,size=512M,share=on")]
    [InlineData("memory-backend-ram,id=m,size=512M")]
    public async Task Guest_VerifiesWhatItWrites_WithMemoryThatIsSharedOrNot(string memory)
    {
        string? qemu = Environment.GetEnvironmentVariable("VIADUCT_QEMU");
        Assert.SkipWhen(string.IsNullOrEmpty(qemu), "VIADUCT_QEMU names no QEMU");
        string disk = Path.Combine(_folder.FullName, "disk.img");
        await File.WriteAllBytesAsync(disk, new byte[32 << 20], TestContext.Current.CancellationToken);
        string socket = Path.Combine(_folder.FullName, "nvme.sock");
        using DeviceServer server = new(disk, socket);
        string console = await Run(qemu, memory, socket);
        List<string> results = [.. ResultLine().Matches(console).Select(match => match.Groups[1].Value)];
        Assert.True(results.Count == 6, $"the guest's console:\n{console}");
        Assert.Equal(["random 0", "large 0", "reset 0", "after 0"], results[..4]);
        Assert.Matches("^vectors [2-9]", results[4]);
        Assert.Equal("end .", results[5]);
        Assert.Equal(0, server.End());
    }

    private async Task<string> Run(string qemu, string memory, string socket)
    {
        DebianPackages packages = new(DebianPackages.DefaultFolder, static _ => { });
        GuestKernel kernel = GuestKernel.Fetch(packages);
        string initrd = Path.Combine(_folder.FullName, "initrd.img");
        await File.WriteAllBytesAsync(initrd, BusyboxRamDisk.Build(packages, kernel, ["nvme"], Script, FioProgram.Fetch(packages)), TestContext.Current.CancellationToken);
        string image = Path.Combine(_folder.FullName, "vmlinuz");
        File.Copy(kernel.Image, image);
        ProcessStartInfo start = new(qemu,
        [
            "-machine", "q35,accel=tcg,memory-backend=m", "-cpu", "max", "-m", "512M", "-object", memory, "-nodefaults", "-no-reboot",
            "-display", "none", "-serial", "stdio", "-kernel", image, "-initrd", initrd, "-append", "console=ttyS0 quiet panic=-1",
            "-device", $$$"""{"driver":"vfio-user-pci","socket":{"type":"unix","path":"{{{socket}}}"}}""",
        ])
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
