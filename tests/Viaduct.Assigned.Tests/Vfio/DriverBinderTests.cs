using Viaduct.Assigned.Registry;
using Viaduct.Assigned.Vfio.Host;
using Viaduct.Platform.Host;

namespace Viaduct.Assigned.Tests.Vfio;

public sealed class DriverBinderTests : IDisposable
{
    private const string Holder = "guest 'a'";

    private readonly FakeSysfs _sysfs = new();
    private readonly DeviceRegistry _registry;
    private readonly List<string> _said = [];
    private readonly DriverBinder _binder;
    private readonly PciAddress _address;

    public DriverBinderTests()
    {
        _registry = new DeviceRegistry(Path.Combine(_sysfs.Root, "run"));
        _binder = new DriverBinder(_sysfs.Pci, _registry, _said.Add);
        _address = _sysfs.Add("0000:02:00.0");
    }

    public void Dispose() => _sysfs.Dispose();

    [Fact]
    public void Device_IsTakenFromItsDriver_AndGivenBack()
    {
        DeviceClaim claim = _binder.Take(_address, Holder);
        Assert.Equal("vfio-pci", _sysfs.DriverOf(_address));
        Assert.Equal(
            ["devices/0000:02:00.0/driver_override=vfio-pci", "drivers/nvme/unbind=0000:02:00.0", "drivers_probe=0000:02:00.0"],
            _sysfs.Writes);
        Assert.Equal(Holder, _registry.Find("0000:02:00.0")!.Holder.Name);

        _binder.Release(claim, _address);
        Assert.Equal("nvme", _sysfs.DriverOf(_address));
        Assert.Null(_sysfs.Pci.Find(_address)!.DriverOverride);
        Assert.Null(_registry.Find("0000:02:00.0"));
        Assert.Equal(
            [$"0000:02:00.0 (8086:10ca, driver nvme) is taken from the host for {Holder}", "0000:02:00.0 is given back to the driver nvme"],
            _said);
    }

    [Fact]
    public void DeviceWithoutADriver_HasNoneAfterwards()
    {
        PciAddress idle = _sysfs.Add("0000:02:00.1", driver: null);
        _binder.Release(_binder.Take(idle, Holder), idle);
        Assert.Null(_sysfs.DriverOf(idle));
        Assert.Null(_sysfs.Pci.Find(idle)!.DriverOverride);
    }

    [Fact]
    public void DeviceThatIsForGuestsAlready_IsLeftSo()
    {
        PciAddress bound = _sysfs.Add("0000:02:00.1", driver: "vfio-pci");
        _binder.Release(_binder.Take(bound, Holder), bound);
        Assert.Equal("vfio-pci", _sysfs.DriverOf(bound));
        Assert.Empty(_sysfs.Writes);
        Assert.Empty(_said);
    }

    [Fact]
    public void HeldDevice_IsRefused_WithWhoHoldsIt()
    {
        using DeviceClaim claim = _binder.Take(_address, Holder);
        AssignedDeviceException refusal = Assert.Throws<AssignedDeviceException>(() => _binder.Take(_address, "guest 'b'"));
        Assert.True(refusal.IsHeld);
        Assert.Contains($"vfio:0000:02:00.0 is held by {Holder} (pid {Environment.ProcessId})", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, "vfio-pci")]
    [InlineData("unbind", "nvme")]
    [InlineData("drivers_probe", "")]
    public void WhatAProcessThatDiedTook_IsGivenBackByTheNext_WhereverItDied(string? diesAt, string driverThen)
    {
        _sysfs.Refuses = diesAt;
        DieWithTheDevice();
        Assert.Equal(driverThen, _sysfs.DriverOf(_address) ?? "");
        _sysfs.Refuses = null;
        _said.Clear();

        Assert.Equal(1, _binder.GiveBackAbandoned());
        Assert.Equal("nvme", _sysfs.DriverOf(_address));
        Assert.Null(_sysfs.Pci.Find(_address)!.DriverOverride);
        Assert.Equal([$"0000:02:00.0 is given back to the driver nvme, which {Holder} (pid {Environment.ProcessId}) left when it died"], _said);
        Assert.Equal(0, _binder.GiveBackAbandoned());
    }

    [Fact]
    public void WhatALivingProcessHas_IsNotGivenBack()
    {
        using DeviceClaim claim = _binder.Take(_address, Holder);
        Assert.Equal(0, _binder.GiveBackAbandoned());
        Assert.Equal("vfio-pci", _sysfs.DriverOf(_address));
    }

    [Fact]
    public void NextGuest_TakesWhatADeadOneLeft_AndTheHostsDriverGetsItAtTheEnd()
    {
        DieWithTheDevice();
        DeviceClaim claim = _binder.Take(_address, "guest 'b'");
        Assert.Equal("vfio-pci", _sysfs.DriverOf(_address));
        _binder.Release(claim, _address);
        Assert.Equal("nvme", _sysfs.DriverOf(_address));
        Assert.Empty(_registry.Entries);
    }

    [Fact]
    public void DeadHoldersDevice_ThatTheAdministratorGaveToAnother_StaysThere()
    {
        DieWithTheDevice();
        _sysfs.Move(_address, "uio_pci_generic");
        _binder.GiveBackAbandoned();
        Assert.Equal("uio_pci_generic", _sysfs.DriverOf(_address));
        Assert.Null(_sysfs.Pci.Find(_address)!.DriverOverride);
        Assert.Empty(_registry.Entries);
    }

    [Fact]
    public void DeviceThatTheHostTookBack_IsForgone()
    {
        DeviceClaim claim = _binder.Take(_address, Holder);
        _sysfs.Move(_address, null);
        _binder.Forgo(claim, _address);
        Assert.Null(_sysfs.Pci.Find(_address)!.DriverOverride);
        Assert.Null(_registry.Find("0000:02:00.0"));
        Assert.Equal(0, _binder.GiveBackAbandoned());
    }

    [Fact]
    public void Refusals_SayWhatToDo_AndLeaveNothingBehind()
    {
        Refused("the host has no such device", FakeSysfs.At("0000:09:00.0"));

        _sysfs.VfioTakes = false;
        Refused("vfio-pci didn't take it", _address);
        _sysfs.VfioTakes = true;

        _sysfs.Refuses = "drivers/nvme/unbind";
        Refused("it can't be taken from the driver nvme: No such device; run as root", _address);
        _sysfs.Refuses = null;

        _sysfs.Put("sys/bus/pci/devices/0000:02:00.0/net/eth0/flags", "0x1003\n");
        Refused("the host uses it: its network interface eth0 is up", _address);
        Directory.Delete(Path.Combine(_sysfs.Root, "sys/bus/pci/devices/0000:02:00.0/net"), recursive: true);

        Directory.Delete(Path.Combine(_sysfs.Root, "sys/bus/pci/drivers/vfio-pci"));
        Refused("modprobe vfio-pci", _address);
    }

    private void Refused(string reason, PciAddress address)
    {
        AssignedDeviceException refusal = Assert.Throws<AssignedDeviceException>(() => _binder.Take(address, Holder));
        Assert.False(refusal.IsHeld);
        Assert.Contains(reason, refusal.Message, StringComparison.Ordinal);
        Assert.StartsWith($"vfio:{address}: ", refusal.Message, StringComparison.Ordinal);
        Assert.Equal("nvme", _sysfs.DriverOf(_address));
        Assert.Null(_sysfs.Pci.Find(_address)!.DriverOverride);
        Assert.Empty(_registry.Entries);
    }

    // What a process that is killed leaves: the lock goes with it, what it noted and did stays.
    private void DieWithTheDevice()
    {
        DeviceClaim claim = _registry.Claim(_address.ToString(), Holder);
        claim.Note(new Dictionary<string, string> { ["driver"] = "nvme", ["driver_override"] = "" });
        foreach (Action step in (Action[])[() => _sysfs.Pci.SetDriverOverride(_address, "vfio-pci"), () => _sysfs.Pci.Unbind(_address, "nvme"), () => _sysfs.Pci.Probe(_address)])
        {
            try
            {
                step();
            }
            catch (IOException)
            {
                break;
            }
        }

        claim.Dispose();
    }
}
