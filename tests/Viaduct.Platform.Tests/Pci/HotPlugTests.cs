using Viaduct.Platform.Pci;
using Xunit;

namespace Viaduct.Platform.Tests.Pci;

/// <summary>Devices that come and go while the guest runs.</summary>
public sealed class HotPlugTests : IDisposable
{
    private const int SlotCapabilities = 0x14;
    private const int SlotControl = 0x18;
    private const int SlotStatus = 0x1A;
    private const int LinkStatus = 0x12;
    private const uint PresenceAndLinkChanged = 0x108;
    private const uint Present = 0x40;

    private readonly TestBoard _board = new();
    private readonly RootPort _port;
    private readonly TestDevice _device;
    private readonly int _express;

    public HotPlugTests()
    {
        _port = _board.Root.AddRootPort(3, hotPlug: true);
        _express = Capability(0x10);
        TestBoard.OpenPort(_port, bus: 3, memory: 0xC020_0000, prefetchable: 0x10_2000_0000, io: 0x3000);
        _device = new TestDevice(_board.Root, "third", 0x3000_0000);
    }

    public void Dispose()
    {
        _device.Dispose();
        _board.Dispose();
    }

    [Fact]
    public void Slot_AnnouncesHotPlugWithSurprise() => Assert.Equal(0x60u, Read(SlotCapabilities, 4) & 0x60);

    [Fact]
    public void Add_ToAnEmptySlot_ReportsPresenceAndLink()
    {
        Assert.Equal(0u, Read(SlotStatus, 2));
        _port.Add(_device.Function);
        Assert.Equal(PresenceAndLinkChanged | Present, Read(SlotStatus, 2));
        Assert.Equal(0x2000u, Read(LinkStatus, 2) & 0x2000);
        Write(SlotStatus, 2, PresenceAndLinkChanged);
        Assert.Equal(Present, Read(SlotStatus, 2));
    }

    [Fact]
    public void Remove_TakesEverythingAway()
    {
        _port.Add(_device.Function);
        Assert.NotNull(_board.Root.Find(3, 0));
        _device.Function.WriteConfig(TestBoard.Command, 2, TestBoard.MemorySpace | TestBoard.BusMaster);
        Assert.True(_device.Function.Dma.Granted);
        _device.Function.IntX.Set(true);
        Assert.Contains(_board.Lines, line => line.Asserted);
        Write(SlotStatus, 2, PresenceAndLinkChanged);
        _port.Remove(_device.Function);
        Assert.Null(_board.Root.Find(3, 0));
        Assert.Equal(uint.MaxValue, _board.Root.ReadConfig(3, 0, 0, 4));
        Assert.False(_device.Function.Dma.Granted);
        Assert.DoesNotContain(_board.Lines, line => line.Asserted);
        Assert.Equal(PresenceAndLinkChanged, Read(SlotStatus, 2));
        Assert.Equal(0u, Read(LinkStatus, 2) & 0x2000);

        // What a processor still holds of it grants nothing.
        _device.Function.WriteConfig(TestBoard.Command, 2, TestBoard.BusMaster);
        Assert.False(_device.Function.Dma.Granted);
    }

    [Fact]
    public void Change_InterruptsOnce_UntilItIsAcknowledged()
    {
        int msi = Capability(0x05);
        _port.Function.WriteConfig(msi + 4, 4, 0xFEE0_0000);
        _port.Function.WriteConfig(msi + 0xC, 2, 0x55);
        _port.Function.WriteConfig(msi + 2, 2, 1);
        Write(SlotControl, 2, 0x1028);
        _port.Add(_device.Function);
        _port.Remove(_device.Function);
        Assert.Single(_board.Msi.Messages);
        Write(SlotStatus, 2, PresenceAndLinkChanged);
        using TestDevice other = new(_board.Root, "fourth", 0x3000_0000);
        _port.Add(other.Function);
        Assert.Equal(2, _board.Msi.Messages.Count);
    }

    [Fact]
    public void Change_WithoutMessages_DrivesTheLineUntilItIsAcknowledged()
    {
        Write(SlotControl, 2, 0x1028);
        _port.Add(_device.Function);
        Assert.Contains(_board.Lines, line => line.Asserted);
        Write(SlotStatus, 2, PresenceAndLinkChanged);
        Assert.DoesNotContain(_board.Lines, line => line.Asserted);
    }

    [Fact]
    public void FixedSlot_SaysNothingOfChanges()
    {
        _board.FirstPort.Remove(_board.First.Function);
        PciFunction port = _board.FirstPort.Function;
        Assert.Equal(0u, port.ReadConfig(_express + SlotCapabilities, 4) & 0x60);
        Assert.Equal(0u, port.ReadConfig(_express + SlotStatus, 2));
    }

    private uint Read(int register, int size) => _port.Function.ReadConfig(_express + register, size);

    private void Write(int register, int size, uint value) => _port.Function.WriteConfig(_express + register, size, value);

    private int Capability(uint id)
    {
        uint offset = _port.Function.ReadConfig(0x34, 1);
        while (_port.Function.ReadConfig((int)offset, 1) != id)
        {
            offset = _port.Function.ReadConfig((int)offset + 1, 1);
        }

        return (int)offset;
    }
}
