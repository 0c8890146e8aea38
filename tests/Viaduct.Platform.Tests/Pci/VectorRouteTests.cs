using Viaduct.Platform.Host;
using Viaduct.Platform.Pci;
using Xunit;

namespace Viaduct.Platform.Tests.Pci;

/// <summary>Eventfds that raise a function's vectors past the monitor follow the guest's tables, masks and bus mastering.</summary>
public sealed class VectorRouteTests : IDisposable
{
    private const ulong Table = 0xC000_4000;
    private const ulong PendingBits = Table + 0x1000;
    private const ulong Address = 0xFEE0_3000;
    private readonly TestBoard _board = new();
    private readonly EventFd _signal = new();
    private readonly RecordingEvents.Message _route;

    public VectorRouteTests()
    {
        _board.BringUp();
        _board.First.SetBar(4, Table);
        _route = (RecordingEvents.Message)_board.Events.AddMessage(_signal);
    }

    public void Dispose()
    {
        _board.Dispose();
        _signal.Dispose();
    }

    [Fact]
    public void Msix_IsConnectedWhileItIsSent()
    {
        _board.First.Msix.Attach(2, _route);
        Fill(data: 0x55, masked: false);
        Assert.Null(_route.Connected);
        Control(0x8000);
        Assert.Equal(((ushort)0x100, Address, 0x55u), _route.Connected);
        Control(0xC000);
        Assert.Null(_route.Connected);
        Control(0x8000);
        Fill(data: 0x56, masked: true);
        Assert.Null(_route.Connected);
        Fill(data: 0x57, masked: false);
        Assert.Equal(((ushort)0x100, Address, 0x57u), _route.Connected);
        Control(0);
        Assert.Null(_route.Connected);
    }

    [Fact]
    public void Msix_AttachedWhileItIsSent_IsConnectedAtOnce_AndDetachedIsNot()
    {
        Fill(data: 0x55, masked: false);
        Control(0x8000);
        _board.First.Msix.Attach(2, _route);
        Assert.NotNull(_route.Connected);
        _board.First.Msix.Detach(2, _route);
        Assert.Null(_route.Connected);
        int changes = _route.Changes;
        Control(0xC000);
        Assert.Equal(changes, _route.Changes);
    }

    [Fact]
    public void Msix_WithoutAChange_IsLeftAlone()
    {
        _board.First.Msix.Attach(2, _route);
        Fill(data: 0x55, masked: false);
        Control(0x8000);
        int changes = _route.Changes;
        Control(0x8000);
        _board.First.Function.WriteConfig(TestBoard.Command, 2, TestBoard.MemorySpace | TestBoard.BusMaster);
        _board.Memory.Write(Table + (3 * 16) + 12, 4, 0);
        Assert.Equal(changes, _route.Changes);
    }

    [Fact]
    public void Msix_Masked_ShowsThatItWasRaised_AndKeepsIt()
    {
        _board.First.Msix.Attach(2, _route);
        Fill(data: 0x55, masked: true);
        Control(0x8000);
        Assert.Equal(0UL, _board.Read(PendingBits, 8));
        _signal.Signal();
        Assert.Equal(4UL, _board.Read(PendingBits, 8));
        _board.Memory.Write(Table + (2 * 16) + 12, 4, 0);
        Assert.NotNull(_route.Connected);
        Assert.True(_signal.IsRaised);
        Assert.Equal(0UL, _board.Read(PendingBits, 8));
    }

    [Fact]
    public void Msix_WithoutBusMastering_IsLost()
    {
        _board.First.Msix.Attach(2, _route);
        Fill(data: 0x55, masked: false);
        Control(0x8000);
        _board.First.Function.WriteConfig(TestBoard.Command, 2, TestBoard.MemorySpace);
        Assert.Null(_route.Connected);
        _signal.Signal();
        _board.First.Function.WriteConfig(TestBoard.Command, 2, TestBoard.MemorySpace | TestBoard.BusMaster);
        Assert.NotNull(_route.Connected);
        Assert.False(_signal.IsRaised);
    }

    [Fact]
    public void Msix_FollowsTheBridgeAbove()
    {
        _board.First.Msix.Attach(2, _route);
        Fill(data: 0x55, masked: false);
        Control(0x8000);
        PciFunction bridge = _board.FirstPort.Function;
        bridge.WriteConfig(TestBoard.Command, 2, TestBoard.MemorySpace);
        Assert.Null(_route.Connected);
        bridge.WriteConfig(TestBoard.Command, 2, TestBoard.MemorySpace | TestBoard.BusMaster);
        Assert.Equal(((ushort)0x100, Address, 0x55u), _route.Connected);
        bridge.WriteConfig(0x18, 4, 0x0003_0300);
        Assert.Equal(((ushort)0x300, Address, 0x55u), _route.Connected);
    }

    [Fact]
    public void Msix_AfterReset_IsDisconnected()
    {
        _board.First.Msix.Attach(2, _route);
        Fill(data: 0x55, masked: false);
        Control(0x8000);
        _board.First.Function.SystemReset();
        Assert.Null(_route.Connected);
        _signal.Signal();
        _board.First.SetBar(4, Table);
        _board.First.Function.WriteConfig(TestBoard.Command, 2, TestBoard.MemorySpace | TestBoard.BusMaster);
        Control(0x8000);
        Assert.False(_signal.IsRaised);
        Assert.Equal(0UL, _board.Read(PendingBits, 8));
    }

    [Fact]
    public void Msi_FollowsItsRegisters()
    {
        MsiCapability msi = _board.First.Msi;
        PciFunction function = _board.First.Function;
        msi.Attach(3, _route);
        function.WriteConfig(msi.Offset + 4, 4, (uint)Address);
        function.WriteConfig(msi.Offset + 0xC, 2, 0x40);
        function.WriteConfig(msi.Offset + 2, 2, 0x21);
        Assert.Equal(((ushort)0x100, Address, 0x43u), _route.Connected);
        function.WriteConfig(msi.Offset + 0x10, 4, 8);
        Assert.Null(_route.Connected);
        _signal.Signal();
        Assert.Equal(8u, function.ReadConfig(msi.Offset + 0x14, 4));
        function.WriteConfig(msi.Offset + 0x10, 4, 0);
        Assert.NotNull(_route.Connected);
        Assert.True(_signal.IsRaised);
        Assert.Equal(0u, function.ReadConfig(msi.Offset + 0x14, 4));

        // With two enabled, the fourth shares with the second.
        function.WriteConfig(msi.Offset + 2, 2, 0x11);
        Assert.Equal(((ushort)0x100, Address, 0x41u), _route.Connected);
        msi.Detach(3, _route);
        Assert.Null(_route.Connected);
    }

    [Fact]
    public void Pin_IsTheHostLineThatTheDeviceWouldDrive()
    {
        using EventFd resample = new();
        using TestDevice absent = new("absent", 1, _board.Root.NewDmaTarget(_board.First.Counters));
        Assert.Null(absent.Function.ConnectPin(_signal, resample));
        Assert.NotNull(_board.Second.Function.ConnectPin(_signal, resample));
        Assert.Equal(TestBoard.FirstLine + 2, Assert.Single(_board.Events.Pins).GlobalSystemInterrupt);
    }

    private void Control(uint control) => _board.First.Function.WriteConfig(_board.First.Msix.Offset + 2, 2, control);

    private void Fill(uint data, bool masked)
    {
        _board.Memory.Write(Table + (2 * 16), 8, Address);
        _board.Memory.Write(Table + (2 * 16) + 8, 4, data);
        _board.Memory.Write(Table + (2 * 16) + 12, 4, masked ? 1u : 0u);
    }
}
