using Viaduct.Assigned.Vfio.Host;
using Viaduct.Platform.Host;

namespace Viaduct.Assigned.Tests.Vfio;

public sealed class HostPciTests : IDisposable
{
    private readonly FakeSysfs _sysfs = new();

    public void Dispose() => _sysfs.Dispose();

    [Fact]
    public void Function_IsReadWithAllThatIsKnownOfIt()
    {
        _sysfs.Add("0000:01:00.0", group: 3, driver: "igb", classCode: 0x02_00_00);
        PciAddress address = _sysfs.Add("0000:01:10.0", group: 7, driver: "igbvf", classCode: 0x02_00_00, physical: "0000:01:00.0");

        HostPciDevice device = _sysfs.Pci.Find(address)!;
        Assert.Equal(0x8086, device.Vendor);
        Assert.Equal(0x10CA, device.Device);
        Assert.Equal(0x02_00_00u, device.ClassCode);
        Assert.Equal("igbvf", device.Driver);
        Assert.Null(device.DriverOverride);
        Assert.Equal(7, device.Group);
        Assert.Equal(FakeSysfs.At("0000:01:00.0"), device.PhysicalFunction);
        Assert.Equal(["flr", "bus"], device.ResetMethods);
        Assert.False(device.IsForGuests);
        Assert.Equal("0000:01:10.0 (8086:10ca, driver igbvf)", device.ToString());
        Assert.Equal(["0000:01:00.0", "0000:01:10.0"], _sysfs.Pci.All().Select(each => each.ToString()));
    }

    [Fact]
    public void FunctionThatIsNotThere_IsNone() => Assert.Null(_sysfs.Pci.Find(FakeSysfs.At("0000:05:00.0")));

    [Fact]
    public void Function_WithoutDriverOrGroup_SaysSo()
    {
        HostPciDevice device = _sysfs.Pci.Find(_sysfs.Add("0000:02:00.0", group: null, driver: null))!;
        Assert.Null(device.Driver);
        Assert.Null(device.Group);
        Assert.Null(device.PhysicalFunction);
        Assert.Equal("0000:02:00.0 (8086:10ca, no driver)", device.ToString());
    }

    [Fact]
    public void Group_HoldsItsFunctions()
    {
        _sysfs.Add("0000:02:00.1", group: 9);
        _sysfs.Add("0000:02:00.0", group: 9);
        _sysfs.Add("0000:03:00.0", group: 8);
        Assert.Equal(["0000:02:00.0", "0000:02:00.1"], _sysfs.Pci.InGroup(9).Select(each => each.Address.ToString()));
        Assert.Empty(_sysfs.Pci.InGroup(10));
    }

    [Fact]
    public void GroupWithOtherDrivers_IsExplained()
    {
        _sysfs.Add("0000:02:00.0", group: 9, driver: "vfio-pci");
        _sysfs.Add("0000:02:00.1", group: 9, driver: "snd_hda_intel");
        _sysfs.Add("0000:00:1c.0", group: 9, driver: "pcieport", classCode: 0x06_04_00);
        _sysfs.Add("0000:02:00.2", group: 9, driver: null);

        string text = GroupRules.Explain(_sysfs.Pci, 9);
        Assert.Contains("IOMMU group 9 holds 0000:02:00.1 (8086:10ca, driver snd_hda_intel), too", text, StringComparison.Ordinal);
        Assert.Contains("--assign vfio:0000:02:00.1", text, StringComparison.Ordinal);
        Assert.Contains("/sys/bus/pci/drivers/snd_hda_intel/unbind", text, StringComparison.Ordinal);
        Assert.DoesNotContain("pcieport", text, StringComparison.Ordinal);
    }

    [Fact]
    public void InterfaceThatIsUp_IsInUse()
    {
        PciAddress address = _sysfs.Add("0000:01:00.0", driver: "igb");
        _sysfs.Put("sys/bus/pci/devices/0000:01:00.0/net/eth3/flags", "0x1002\n");
        Assert.Null(HostUse.Of(_sysfs.Pci, address));
        _sysfs.Put("sys/bus/pci/devices/0000:01:00.0/net/eth3/flags", "0x1003\n");
        Assert.Contains("ip link set eth3 down", HostUse.Of(_sysfs.Pci, address)!.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("40 22 259:1 / /data rw - ext4 /dev/nvme0n1p1 rw\n", "", "umount /data")]
    [InlineData("", "/dev/nvme0n1p1 partition 100 0 -2\n", "swapoff /dev/nvme0n1p1")]
    public void MountedDisk_IsInUse(string mounts, string swaps, string remedy)
    {
        PciAddress address = _sysfs.Add("0000:02:00.0");
        PciAddress other = _sysfs.Add("0000:03:00.0");
        AddDisk("nvme0n1", "259:0");
        AddDisk("nvme0n1p1", "259:1");
        Assert.Null(HostUse.Of(_sysfs.Pci, address));

        File.AppendAllText(Path.Combine(_sysfs.Root, "proc/self/mountinfo"), mounts);
        File.AppendAllText(Path.Combine(_sysfs.Root, "proc/swaps"), swaps);
        Assert.Contains(remedy, HostUse.Of(_sysfs.Pci, address)!.ToString(), StringComparison.Ordinal);
        Assert.Null(HostUse.Of(_sysfs.Pci, other));
    }

    [Fact]
    public void DiskThatIsPartOfAnother_IsInUse()
    {
        PciAddress address = _sysfs.Add("0000:02:00.0");
        AddDisk("nvme0n1", "259:0");
        _sysfs.Put("sys/devices/pci0000:00/0000:02:00.0/nvme/nvme0/nvme0n1/holders/dm-0", "");
        Assert.Contains("part of dm-0", HostUse.Of(_sysfs.Pci, address)!.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void DiskOfAnNvmeSubsystem_IsInUse_UnlessAnotherControllerReachesItToo()
    {
        PciAddress address = _sysfs.Add("0000:02:00.0");
        _sysfs.Put("sys/bus/pci/devices/0000:02:00.0/nvme/nvme0/state", "live\n");
        _sysfs.Put("sys/class/nvme-subsystem/nvme-subsys0/nvme0/state", "live\n");
        _sysfs.Put("sys/class/nvme-subsystem/nvme-subsys0/nvme0n1/dev", "259:0\n");
        _sysfs.Put("sys/class/block/nvme0n1/dev", "259:0\n");
        File.AppendAllText(Path.Combine(_sysfs.Root, "proc/self/mountinfo"), "40 22 259:0 / /data rw - ext4 /dev/nvme0n1 rw\n");
        Assert.Contains("umount /data", HostUse.Of(_sysfs.Pci, address)!.ToString(), StringComparison.Ordinal);

        _sysfs.Put("sys/class/nvme-subsystem/nvme-subsys0/nvme1/state", "live\n");
        Assert.Null(HostUse.Of(_sysfs.Pci, address));
    }

    private void AddDisk(string name, string number)
    {
        string place = $"devices/pci0000:00/0000:02:00.0/nvme/nvme0/{name}";
        _sysfs.Put($"sys/{place}/dev", $"{number}\n");
        _sysfs.Link($"sys/class/block/{name}", $"../../{place}");
    }
}
