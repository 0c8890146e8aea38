using Viaduct.Assigned.Registry;
using Viaduct.Assigned.Vfio;
using Viaduct.Platform.Host;

namespace Viaduct.Assigned.Tests.Vfio;

public sealed class VfioGuestTests : IDisposable
{
    private readonly FakeSysfs _sysfs = new();
    private readonly FakeVfioKernel _kernel = new();
    private readonly VfioHost _host;
    private readonly PciAddress _first;
    private readonly PciAddress _second;

    public VfioGuestTests()
    {
        _host = new VfioHost(_sysfs.Pci, new DeviceRegistry(Path.Combine(_sysfs.Root, "run")), _kernel);
        _first = _sysfs.Add("0000:02:00.0", group: 9);
        _second = _sysfs.Add("0000:02:00.1", group: 9);
    }

    public void Dispose()
    {
        _kernel.Dispose();
        _sysfs.Dispose();
    }

    [Fact]
    public void Group_IsTakenAsAWhole_AndGivenBackAtTheEnd()
    {
        using (VfioGuest guest = Guest("a"))
        {
            Assert.Equal("nvme", _sysfs.DriverOf(_first));
            IAssignedDevice device = guest.Source(_first).Open();
            Assert.Equal("vfio-pci", _sysfs.DriverOf(_first));
            Assert.Equal("vfio-pci", _sysfs.DriverOf(_second));

            // A reset of the guest is no reason to give the host its devices back in between.
            device.Dispose();
            Assert.Equal("vfio-pci", _sysfs.DriverOf(_first));
            guest.Source(_first).Open().Dispose();
            guest.Source(_second).Open().Dispose();
        }

        Assert.Equal("nvme", _sysfs.DriverOf(_first));
        Assert.Equal("nvme", _sysfs.DriverOf(_second));
    }

    [Fact]
    public void SecondGuest_IsToldWhoHoldsTheDevice()
    {
        using VfioGuest guest = Guest("a");
        using IAssignedDevice device = guest.Source(_first).Open();
        using VfioGuest other = Guest("b");
        AssignedDeviceException refusal = Assert.Throws<AssignedDeviceException>(() => other.Source(_first).Open());
        Assert.True(refusal.IsHeld);
        Assert.Contains("guest 'a'", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void DeviceThatTheHostTookBack_ComesBackWhenItIsHandedOverAnew()
    {
        using VfioGuest guest = Guest("a");
        IAssignedDeviceSource source = guest.Source(_first);
        IAssignedDevice device = source.Open();
        Lose(device, AssignedInterrupt.Request);

        // Not at once: the host isn't done with taking it away yet.
        device.Dispose();
        Assert.Contains("the host has it", Assert.Throws<AssignedDeviceException>(source.Open).Message, StringComparison.Ordinal);
        _sysfs.Move(_first, null);
        Assert.Null(_sysfs.Pci.Find(_first)!.DriverOverride);
        Assert.Contains("drivers_probe", Assert.Throws<AssignedDeviceException>(source.Open).Message, StringComparison.Ordinal);
        Assert.Null(_host.Registry.Find("0000:02:00.0"));

        _sysfs.Move(_first, "vfio-pci");
        source.Open().Dispose();

        // Whoever handed it over had taken it from its driver, and may want it for more.
        guest.Dispose();
        Assert.Equal("vfio-pci", _sysfs.DriverOf(_first));
    }

    [Fact]
    public void DeviceThatFailed_IsOpenedAnewAtOnce()
    {
        using VfioGuest guest = Guest("a");
        IAssignedDeviceSource source = guest.Source(_first);
        IAssignedDevice device = source.Open();
        Lose(device, AssignedInterrupt.Error);
        device.Dispose();
        source.Open().Dispose();
    }

    [Fact]
    public void Watch_TellsWhenADeviceIsHandedOver()
    {
        using VfioGuest guest = Guest("a");
        using ManualResetEventSlim seen = new();
        using IDisposable? watch = guest.Source(_first).Watch(seen.Set);
        _sysfs.Move(_first, "vfio-pci");
        Assert.True(seen.Wait(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken));
    }

    private void Lose(IAssignedDevice device, AssignedInterrupt kind)
    {
        using ManualResetEventSlim lost = new();
        device.Lost += lost.Set;
        _kernel.Raise(kind);
        Assert.True(lost.Wait(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken));
    }

    private VfioGuest Guest(string name) => new($"guest '{name}'", [_first, _second], static _ => { }, _host);
}
