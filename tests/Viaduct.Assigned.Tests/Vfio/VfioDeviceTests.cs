using Viaduct.Assigned.Registry;
using Viaduct.Assigned.Tests.Fakes;
using Viaduct.Assigned.Vfio;
using Viaduct.Platform.Accounting;
using Viaduct.Platform.Host;
using Viaduct.Platform.Memory;

namespace Viaduct.Assigned.Tests.Vfio;

public sealed class VfioDeviceTests : IDisposable
{
    private const string Address = "0000:01:10.0";

    private readonly FakeSysfs _sysfs = new();
    private readonly List<string> _said = [];
    private readonly List<IDisposable> _owned = [];

    public void Dispose()
    {
        _owned.Reverse();
        _owned.ForEach(each => each.Dispose());
        _sysfs.Dispose();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Device_IsOpened_ByGroupOrByItsOwnFile(bool hasDeviceFiles)
    {
        _sysfs.HasDeviceFiles = hasDeviceFiles;
        FakeVfioKernel kernel = Kernel(new FakeVfioKernel());
        using IAssignedDevice device = Open(kernel);
        Assert.Equal(hasDeviceFiles ? ["iommu", "vfio/devices/vfio0"] : ["vfio/7", "vfio/vfio"], kernel.Opened);
        Assert.Equal(hasDeviceFiles ? null : Address, kernel.DeviceName);
        Assert.Equal($"vfio:{Address}", device.Name);
        Assert.Equal(Road.Assigned, device.Road);
        Assert.True(device.CanReset);
        Assert.True(device.TryReset());
        Assert.Equal(1, kernel.Resets);
    }

    [Fact]
    public void VirtualFunction_IsOnTheSharedRoad()
    {
        _sysfs.Add("0000:01:00.0", group: 3, driver: "igb");
        _sysfs.Add(Address, driver: "igbvf", physical: "0000:01:00.0");
        using IAssignedDevice device = Guest(Kernel(new FakeVfioKernel())).Source(FakeSysfs.At(Address)).Open();
        Assert.Equal(Road.Shared, device.Road);
    }

    [Fact]
    public unsafe void Regions_AreRead_WithTheirPartsMapped()
    {
        FakeVfioKernel kernel = Kernel(new FakeVfioKernel());
        using IAssignedDevice device = Open(kernel);
        AssignedRegion bar = device.Regions[0];
        Assert.Equal(FakeVfioKernel.Bar0Length, bar.Size);
        Assert.Equal([(0ul, 0x1000ul), (0x2000ul, 0x2000ul)], bar.Areas.Select(area => (area.Offset, area.Length)));
        Assert.Equal([(0ul, 0x4000ul)], device.Regions[3].Areas.Select(area => (area.Offset, area.Length)));
        Assert.Equal(0u, device.Regions[AssignedRegion.Rom].Size);

        // What is mapped and what is read and written by requests is the same.
        Assert.True(device.TryWrite(0, 0x2008, [0x78, 0x56, 0x34, 0x12]));
        AssignedArea area = bar.Areas[1];
        Assert.Equal(0x12345678u, *(uint*)(area.Memory.Pointer + area.MemoryOffset + 8));
        *(uint*)(area.Memory.Pointer + area.MemoryOffset + 12) = 0xCAFE;
        Span<byte> read = stackalloc byte[2];
        Assert.True(device.TryRead(0, 0x200C, read));
        Assert.Equal([0xFE, 0xCA], read.ToArray());
        Assert.False(device.TryRead(0, FakeVfioKernel.Bar0Length - 1, read));
        Assert.False(device.TryRead(0, ulong.MaxValue, read));
        Assert.False(device.TryRead(1, 0, read));
    }

    [Fact]
    public void Vectors_AreAllHad_WhereTheKernelCantAddSome()
    {
        FakeVfioKernel kernel = Kernel(new FakeVfioKernel());
        using IAssignedDevice device = Open(kernel);
        EventFd[] targets = Targets(3);
        Assert.True(device.TrySetInterrupts(AssignedInterrupt.Msix, 0, targets.AsSpan(0, 1)));
        Assert.Equal(FakeVfioKernel.Vectors, kernel.Interrupts[2].Length);
        Assert.True(device.TrySetInterrupts(AssignedInterrupt.Msix, 8, targets.AsSpan(1, 2)));
        Assert.Equal([targets[0].Descriptor, -1, -1, -1, -1, -1, -1, -1, targets[1].Descriptor, targets[2].Descriptor], kernel.Interrupts[2]);
        Assert.Equal(0, kernel.SwitchedOff);

        kernel.Raise(AssignedInterrupt.Msix, 9);
        Assert.True(targets[2].TryConsume());
        Assert.True(device.TrySetInterrupts(AssignedInterrupt.Msix, 0, []));
        Assert.False(kernel.Interrupts.ContainsKey(2));
    }

    [Fact]
    public void Vectors_AreAdded_WhereTheKernelCan()
    {
        FakeVfioKernel kernel = Kernel(new FakeVfioKernel { CanResize = true });
        using IAssignedDevice device = Open(kernel);
        EventFd[] targets = Targets(2);
        Assert.True(device.TrySetInterrupts(AssignedInterrupt.Msix, 1, targets.AsSpan(0, 1)));
        Assert.True(device.TrySetInterrupts(AssignedInterrupt.Msix, 3, targets.AsSpan(1, 1)));
        Assert.Equal([-1, targets[0].Descriptor, -1, targets[1].Descriptor], kernel.Interrupts[2]);
        Assert.Equal(0, kernel.SwitchedOff);
    }

    [Fact]
    public void Vectors_OfAHostThatHasFew_AreThoseThatAreWanted()
    {
        FakeVfioKernel kernel = Kernel(new FakeVfioKernel { VectorsLeft = 2 });
        using IAssignedDevice device = Open(kernel);
        EventFd[] targets = Targets(3);
        Assert.True(device.TrySetInterrupts(AssignedInterrupt.Msix, 0, targets.AsSpan(0, 1)));
        Assert.True(device.TrySetInterrupts(AssignedInterrupt.Msix, 1, targets.AsSpan(1, 1)));
        Assert.Equal([targets[0].Descriptor, targets[1].Descriptor], kernel.Interrupts[2]);
        Assert.False(device.TrySetInterrupts(AssignedInterrupt.Msix, 2, targets.AsSpan(2, 1)));
    }

    [Fact]
    public void Messages_AreSwitchedOffAndOn_WhenTheGuestWantsMore()
    {
        FakeVfioKernel kernel = Kernel(new FakeVfioKernel());
        using IAssignedDevice device = Open(kernel);
        EventFd[] targets = Targets(2);
        Assert.True(device.TrySetInterrupts(AssignedInterrupt.Msi, 0, targets.AsSpan(0, 1)));
        Assert.True(device.TrySetInterrupts(AssignedInterrupt.Msi, 1, targets.AsSpan(1, 1)));
        Assert.Equal([targets[0].Descriptor, targets[1].Descriptor], kernel.Interrupts[1]);
        Assert.Equal(1, kernel.SwitchedOff);
    }

    [Fact]
    public void InterruptsThatAreNone_AreRefused()
    {
        using IAssignedDevice device = Open(Kernel(new FakeVfioKernel()));
        EventFd[] targets = Targets(2);
        Assert.False(device.TrySetInterrupts(AssignedInterrupt.Msix, FakeVfioKernel.Vectors - 1, targets));
        Assert.False(device.TrySetInterrupts(AssignedInterrupt.Msix, -1, targets));
        Assert.False(device.TrySetInterrupts(AssignedInterrupt.Msix, int.MaxValue, targets));
    }

    [Fact]
    public void Pin_IsUnmasked()
    {
        FakeVfioKernel kernel = Kernel(new FakeVfioKernel());
        using IAssignedDevice device = Open(kernel);
        Assert.True(device.TrySetInterrupts(AssignedInterrupt.Intx, 0, Targets(1)));
        Assert.True(device.TryUnmaskPin());
        Assert.Equal(1, kernel.Unmasked);
    }

    [Fact]
    public void Pin_IsUnmaskedByAnEventFd()
    {
        FakeVfioKernel kernel = Kernel(new FakeVfioKernel());
        using IAssignedDevice device = Open(kernel);
        EventFd[] targets = Targets(2);
        Assert.True(device.TrySetInterrupts(AssignedInterrupt.Intx, 0, targets.AsSpan(0, 1)));
        Assert.True(device.TryUnmaskPinBy(targets[1]));
        Assert.Equal(targets[1].Descriptor, kernel.UnmaskedBy);
        Assert.Equal(0, kernel.Unmasked);
    }

    [Theory]
    [InlineData(AssignedInterrupt.Request, "the host wants it back")]
    [InlineData(AssignedInterrupt.Error, "it reports an error that can't be corrected")]
    public void Device_IsLost_WhenTheKernelSaysSo(AssignedInterrupt kind, string reason)
    {
        FakeVfioKernel kernel = Kernel(new FakeVfioKernel());
        using IAssignedDevice device = Open(kernel);
        using ManualResetEventSlim lost = new();
        device.Lost += lost.Set;
        Assert.Null(device.LossReason);
        kernel.Raise(kind);
        Assert.True(lost.Wait(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken));
        Assert.Equal(reason, device.LossReason);
        Assert.False(device.TryRead(AssignedRegion.Config, 0, new byte[4]));

        bool late = false;
        device.Lost += () => late = true;
        Assert.True(late);
    }

    [Fact]
    public void Memory_IsMappedOnce_ForAllDevicesOfAGuest()
    {
        FakeVfioKernel kernel = Kernel(new FakeVfioKernel());
        _sysfs.Add(Address, group: 7);
        _sysfs.Add("0000:01:10.2", group: 8);
        VfioGuest guest = Guest(kernel, Address, "0000:01:10.2");
        using IAssignedDevice first = guest.Source(FakeSysfs.At(Address)).Open();
        using IAssignedDevice second = guest.Source(FakeSysfs.At("0000:01:10.2")).Open();
        using HostMemory memory = new("ram", 4 << 20);
        foreach (IAssignedDevice device in (IAssignedDevice[])[first, second])
        {
            Assert.True(device.TryMapDma(0, memory, 0, 4 << 20, writable: true));
        }

        Assert.Equal(1, kernel.Iommus);
        Assert.Equal(1, kernel.MapRequests);
        Assert.False(second.TryMapDma(0, memory, 0, 2 << 20, writable: true));
        Assert.False(first.TryUnmapDma(0, 2 << 20));
        Assert.True(first.TryUnmapDma(0, 4 << 20));
        Assert.Equal([(0ul, 4ul << 20, true)], kernel.Maps);
        Assert.True(second.TryUnmapDma(0, 4 << 20));
        Assert.Empty(kernel.Maps);
    }

    [Fact]
    public void MemoryThatTheHostDoesntKeepInPlace_IsExplained()
    {
        FakeVfioKernel kernel = Kernel(new FakeVfioKernel());
        using IAssignedDevice device = Open(kernel);
        using HostMemory memory = new("ram", 4 << 20);
        kernel.Errors[Viaduct.Assigned.Vfio.Interop.VfioRequests.VFIO_IOMMU_MAP_DMA] = 12;
        Assert.False(device.TryMapDma(0, memory, 0, 4 << 20, writable: true));
        Assert.Contains("all of the guest's memory has to stay in place", device.MapRefusal, StringComparison.Ordinal);
    }

    [Fact]
    public void Function_WithSuchADevice_ReachesAllMemory_AndGivesItBack()
    {
        FakeVfioKernel kernel = Kernel(new FakeVfioKernel());
        using FakeMachine machine = new();
        using IAssignedDevice device = Open(kernel);
        using (AssignedFunction function = machine.Assign(device))
        {
            Assert.Equal(0x10CA_8086u, function.Function.ReadConfig(0, 4));
            Assert.Equal([(0ul, FakeMachine.LowRam, true), (FakeMachine.HighRam, FakeMachine.LowRam, true)], kernel.Maps);
        }

        Assert.Empty(kernel.Maps);
    }

    [Fact]
    public void DeviceWithoutAResetOfItsOwn_IsResetByItsBus_IfThatIsAllTheGuests()
    {
        FakeVfioKernel kernel = Kernel(new FakeVfioKernel { CanReset = false });
        kernel.OnTheBus.Add((7, 0x10 << 3));
        using IAssignedDevice device = Open(kernel);
        Assert.True(device.CanReset);
        Assert.True(device.TryReset());
        Assert.Equal([1], kernel.HotResets);
        Assert.DoesNotContain(_said, text => text.Contains("reset", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(8, "devices that aren't this guest's")]
    [InlineData(7, null)]
    public void DeviceWhoseBusIsNotTheGuests_IsNotReset_WhichIsSaid(uint group, string? obstacle)
    {
        FakeVfioKernel kernel = Kernel(new FakeVfioKernel { CanReset = false });
        kernel.OnTheBus.AddRange([(7, 0x10 << 3), (group, (0x10 << 3) | 1)]);
        using IAssignedDevice device = Open(kernel);
        Assert.Equal(obstacle is null, device.CanReset);
        Assert.Equal(obstacle is null, device.TryReset());
        Assert.Equal(obstacle is not null, _said.Exists(text => text.Contains(obstacle ?? "can't be reset", StringComparison.Ordinal)));
    }

    [Fact]
    public void NeighbourInUse_KeepsTheBusFromBeingReset()
    {
        FakeVfioKernel kernel = Kernel(new FakeVfioKernel { CanReset = false });
        kernel.OnTheBus.AddRange([(7, 0x10 << 3), (7, (0x10 << 3) | 1)]);
        _sysfs.Add(Address);
        _sysfs.Add("0000:01:10.1");
        VfioGuest guest = Guest(kernel, Address, "0000:01:10.1");
        using IAssignedDevice first = guest.Source(FakeSysfs.At(Address)).Open();
        using (IAssignedDevice second = guest.Source(FakeSysfs.At("0000:01:10.1")).Open())
        {
            Assert.False(second.CanReset);
            Assert.False(first.TryReset());
            Assert.Contains(_said, text => text.Contains("would reset 0000:01:10.0, which the guest uses, too", StringComparison.Ordinal));
        }

        Assert.True(first.TryReset());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Token_IsShown_AndSetByThePhysicalFunction(bool hasDeviceFiles)
    {
        _sysfs.HasDeviceFiles = hasDeviceFiles;
        Guid token = Guid.Parse("2ab74924-c335-45f4-9b16-8569e5b08258");
        FakeVfioKernel kernel = Kernel(new FakeVfioKernel());
        _sysfs.Add(Address);
        using IAssignedDevice device = Guest(kernel, Address).Source(FakeSysfs.At(Address), token).Open();
        Assert.Equal($"{Address} vf_token={token}", kernel.DeviceName);
        Assert.Equal(token, kernel.Token);
    }

    [Theory]
    [InlineData("vfio/7", 16, true, "a device goes to one guest at a time")]
    [InlineData("vfio/7", 13, false, "run as root, or let this user: chown $USER /dev/vfio/7")]
    [InlineData("vfio/vfio", 2, false, "modprobe vfio-pci")]
    public void FileThatCantBeOpened_IsExplained(string file, int error, bool isHeld, string remedy)
    {
        FakeVfioKernel kernel = Kernel(new FakeVfioKernel());
        kernel.OpenErrors[file] = error;
        AssignedDeviceException refusal = Assert.Throws<AssignedDeviceException>(() => Open(kernel));
        Assert.Equal(isHeld, refusal.IsHeld);
        Assert.Contains(remedy, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void GroupThatIsntWhole_IsExplained()
    {
        _sysfs.Add("0000:01:10.1", driver: "snd_hda_intel");
        AssignedDeviceException refusal = Assert.Throws<AssignedDeviceException>(() => Open(Kernel(new FakeVfioKernel { IsViable = false })));
        Assert.Contains("holds 0000:01:10.1 (8086:10ca, driver snd_hda_intel), too", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void DeviceWithoutAnIommu_IsRefused_WithWhatToSwitchOn()
    {
        _sysfs.Add(Address, group: null);
        AssignedDeviceException refusal = Assert.Throws<AssignedDeviceException>(
            () => Guest(Kernel(new FakeVfioKernel()), Address).Source(FakeSysfs.At(Address)).Open());
        Assert.Contains("intel_iommu=on", refusal.Message, StringComparison.Ordinal);
    }

    private T Own<T>(T part)
        where T : IDisposable
    {
        _owned.Add(part);
        return part;
    }

    private FakeVfioKernel Kernel(FakeVfioKernel kernel) => Own(kernel);

    private EventFd[] Targets(int count) => [.. Enumerable.Range(0, count).Select(_ => Own(new EventFd()))];

    private VfioGuest Guest(FakeVfioKernel kernel, params string[] addresses) => Own(new VfioGuest(
        "guest 'a'",
        [.. addresses.Select(FakeSysfs.At)],
        _said.Add,
        new VfioHost(_sysfs.Pci, new DeviceRegistry(Path.Combine(_sysfs.Root, "run")), kernel)));

    private IAssignedDevice Open(FakeVfioKernel kernel)
    {
        _sysfs.Add(Address);
        return Guest(kernel, Address).Source(FakeSysfs.At(Address)).Open();
    }
}
