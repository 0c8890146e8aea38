using System.Globalization;
using System.Security.Cryptography;
using Viaduct.Machine;

namespace Viaduct.Guests;

/// <summary>Debian's kernel as it is, with busybox, on an NVMe disk (road 1) and a virtio-blk disk (road 2).</summary>
public sealed class StockKernelTests(StockKernelFixture guest) : IClassFixture<StockKernelFixture>
{
    [Fact]
    public void Guest_RunsToItsPowerOff()
    {
        Assert.Equal(".", guest.Transcript.After("END"));
        Assert.Equal(MachineExitReason.PowerOff, guest.Exit.Reason);
    }

    [Theory]
    [InlineData("nvme0n1", "nvme")]
    [InlineData("vda", "virtio_blk")]
    public void Disk_IsBoundByItsStockDriver(string disk, string driver) => Assert.Equal(driver, guest.Transcript.After($"DRIVER-{disk}"));

    [Theory]
    [InlineData("nvme0n1", "VD[0-9A-F]{16}")]
    [InlineData("vda", "second")]
    public void Disk_SaysItsSerialNumberAndSize(string disk, string serial)
    {
        Assert.Matches($"^{serial}$", guest.Transcript.After($"SERIAL-{disk}").TrimEnd());
        Assert.Equal(StockKernelFixture.DiskLength.ToString(CultureInfo.InvariantCulture), guest.Transcript.After($"SIZE-{disk}"));
    }

    [Theory]
    [InlineData("nvme0n1")]
    [InlineData("vda")]
    public void Disk_HoldsWhatWasWritten(string disk)
    {
        byte[] after = [.. guest.Before[..(guest.Before.Length / 2)], .. guest.Before[..(guest.Before.Length / 2)]];
        Assert.Equal(Sum(guest.Before), Checksum($"FOUND-{disk}"));
        Assert.Equal("0", guest.Transcript.After($"WRITE-{disk}"));
        Assert.Equal("0", guest.Transcript.After($"DIRECT-{disk}"));
        Assert.Equal(Sum(after), Checksum($"BACK-{disk}"));
        Assert.Equal("0", guest.Transcript.After($"FORMAT-{disk}"));
    }

    [Fact]
    public void ReadOnlyDisk_RefusesWritesAndStaysAsItWas()
    {
        Assert.Equal("1", guest.Transcript.After("READONLY-vdb"));
        Assert.NotEqual("0", guest.Transcript.After("WRITE-vdb"));
        Assert.Equal(Sum(guest.Before), Sum(guest.ReadOnlyAfter));
    }

    [Fact]
    public void KernelLog_HoldsNothingSuspect()
    {
        Assert.True(int.Parse(guest.Transcript.After("LOGLINES"), CultureInfo.InvariantCulture) > 100);
        Assert.DoesNotContain("SUSPECT ", guest.Transcript.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void DevicesAndBoard_ReportNothing() => Assert.Equal("", guest.Log);

    [Fact]
    public void Clock_TellsTheHostsTime()
    {
        long seconds = long.Parse(guest.Transcript.After("DATE"), CultureInfo.InvariantCulture);
        Assert.InRange(DateTimeOffset.UtcNow.ToUnixTimeSeconds() - seconds, -60, 600);
    }

    [Theory]
    [InlineData("first")]
    [InlineData("second")]
    public void Counters_CountTheDisksWork(string id)
    {
        Assert.True(guest.Counts[id].Requests > 0);
        Assert.True(guest.Counts[id].Exits > 0);
        Assert.True(guest.Counts[id].Interrupts > 0);
        Assert.True(guest.Counts[id].BackendBytes >= 2 * StockKernelFixture.DiskLength);
    }

    private static string Sum(byte[] contents) => Convert.ToHexStringLower(SHA256.HashData(contents));

    private string Checksum(string mark) => guest.Transcript.After(mark).Split(' ')[0];
}
