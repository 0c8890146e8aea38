using Viaduct.Platform.Pci;
using Xunit;

namespace Viaduct.Platform.Tests.Pci;

public sealed class PciBridgeTests : IDisposable
{
    private const int BridgeControl = 0x3E;
    private readonly TestBoard _board = new();

    public void Dispose() => _board.Dispose();

    [Fact]
    public void Windows_AfterReset_AreClosed()
    {
        PciFunction bridge = _board.FirstPort.Function;
        bridge.WriteConfig(TestBoard.Command, 2, 7);
        _board.First.Function.WriteConfig(TestBoard.Command, 2, 7);
        _board.First.SetBar(0, 0x000F_C000 + 0x10_0000);
        _board.First.SetBar(3, 0x400);
        Assert.Equal(0xFFFF_FFFF, _board.Read(0x001F_C000));
        Assert.Equal(0xFFUL, _board.ReadPort(0x400));
    }

    [Fact]
    public void MemoryWindow_Moved_BarIsSeenOnlyInside()
    {
        _board.BringUp();
        _board.First.SetBar(0, 0xC000_0000);
        Assert.Equal(_board.First.Mark, _board.Read(0xC000_0000));
        _board.FirstPort.Function.WriteConfig(0x20, 4, 0xC020_C020);
        Assert.Equal(0xFFFF_FFFF, _board.Read(0xC000_0000));
        _board.First.SetBar(0, 0xC02F_C000);
        Assert.Equal(_board.First.Mark, _board.Read(0xC02F_C000));
    }

    [Fact]
    public void MemoryWindow_ShowsPartOfABar_AtItsOwnOffset()
    {
        TestDevice wide = new(_board.Root, "wide", 1);
        PciBar bar = wide.Function.AddBar(5, PciBarKind.Memory32, 0x80_0000);
        bar.Map(0, 0x80_0000, new NamedRegisters(0x4000_0000));
        _board.FirstPort.Add(wide.Function, 3);
        _board.BringUp();
        wide.Function.WriteConfig(TestBoard.Command, 2, TestBoard.MemorySpace);
        wide.SetBar(5, 0xC000_0000);
        _board.FirstPort.Function.WriteConfig(0x20, 4, 0xC030_C020);
        Assert.Equal(0xFFFF_FFFF, _board.Read(0xC01F_FFFC));
        Assert.Equal(0x4020_0000UL, _board.Read(0xC020_0000));
        Assert.Equal(0x403F_FFFCUL, _board.Read(0xC03F_FFFC));
        Assert.Equal(0xFFFF_FFFF, _board.Read(0xC040_0000));
        wide.Dispose();
    }

    [Theory]
    [InlineData(TestBoard.MemorySpace, 0xFFUL, true)]
    [InlineData(TestBoard.Io, 0x40UL, false)]
    public void Command_OfTheBridge_GatesWhatIsBehindIt(uint command, ulong port, bool memory)
    {
        _board.BringUp();
        _board.First.SetBar(0, 0xC000_0000);
        _board.First.SetBar(3, 0x1000);
        _board.FirstPort.Function.WriteConfig(TestBoard.Command, 2, command);
        Assert.Equal(port, _board.ReadPort(0x1000));
        Assert.Equal(memory ? _board.First.Mark : 0xFFFF_FFFF, _board.Read(0xC000_0000));
    }

    [Fact]
    public void BusMaster_OffAtFunctionOrBridge_RevokesDmaAndMsi()
    {
        _board.BringUp();
        Assert.True(_board.First.Function.Dma.TryWrite(0x100, 0x1234));
        _board.FirstPort.Function.WriteConfig(TestBoard.Command, 2, TestBoard.MemorySpace);
        Assert.False(_board.First.Function.Dma.Granted);
        Assert.False(_board.First.Function.Dma.TryRead(0x100, out int _));
        _board.First.Function.Dma.SignalMsi(0xFEE0_0000, 1);
        Assert.Empty(_board.Msi.Messages);
        Assert.True(_board.Second.Function.Dma.Granted);

        _board.FirstPort.Function.WriteConfig(TestBoard.Command, 2, TestBoard.BusMaster);
        Assert.True(_board.First.Function.Dma.TryRead(0x100, out int value));
        Assert.Equal(0x1234, value);
        _board.First.Function.WriteConfig(TestBoard.Command, 2, TestBoard.MemorySpace);
        Assert.False(_board.First.Function.Dma.TryRead(0x100, out int _));
    }

    [Fact]
    public void Renumbering_MovesConfigurationAndRequesterId()
    {
        _board.BringUp();
        Assert.Equal(0x0100, _board.First.Function.Dma.RequesterId);
        Assert.Equal(0x0010_1B36u, _board.Root.ReadConfig(1, 0, 0, 4));
        _board.FirstPort.Function.WriteConfig(0x18, 4, 0x0009_0700);
        Assert.Equal(0x0700, _board.First.Function.Dma.RequesterId);
        Assert.Equal(uint.MaxValue, _board.Root.ReadConfig(1, 0, 0, 4));
        Assert.Equal(0x0010_1B36u, _board.Root.ReadConfig(7, 0, 0, 4));
        Assert.Equal(uint.MaxValue, _board.Root.ReadConfig(8, 0, 0, 4));
        _board.First.Function.Dma.SignalMsi(0xFEE0_0000, 0x41);
        Assert.Equal(((ushort)0x0700, 0xFEE0_0000UL, 0x41u), Assert.Single(_board.Msi.Messages));
    }

    [Fact]
    public void SecondaryBusReset_ResetsTheDeviceAndHidesItWhileHeld()
    {
        _board.BringUp();
        _board.First.SetBar(0, 0xC000_0000);
        _board.FirstPort.Function.WriteConfig(BridgeControl, 2, 0x40);
        Assert.Equal(1, _board.First.Resets);
        Assert.False(_board.First.Function.Dma.Granted);
        Assert.Equal(uint.MaxValue, _board.Root.ReadConfig(1, 0, 0, 4));
        _board.FirstPort.Function.WriteConfig(BridgeControl, 2, 0x40);
        Assert.Equal(1, _board.First.Resets);
        _board.FirstPort.Function.WriteConfig(BridgeControl, 2, 0);
        Assert.Equal(0x0010_1B36u, _board.Root.ReadConfig(1, 0, 0, 4));
        Assert.Equal(0u, _board.First.Function.ReadConfig(0x10, 4));
        Assert.Equal(0u, _board.First.Function.ReadConfig(TestBoard.Command, 2));
        Assert.Equal(0, _board.Second.Resets);
    }

    [Fact]
    public void ConfigurationBehindAPort_AnswersForDevice0Only_UntilAriIsForwarded()
    {
        _board.BringUp();
        using TestDevice ninth = new(_board.Root, "ninth", 9);
        _board.FirstPort.Secondary.Add(1, 1, ninth.Function);
        Assert.Equal(uint.MaxValue, _board.Root.ReadConfig(1, 9, 0, 4));
        int express = _board.FirstPort.Bridge.Express!.Offset;
        _board.FirstPort.Function.WriteConfig(express + 0x28, 2, 0x20);
        Assert.Equal(0x0010_1B36u, _board.Root.ReadConfig(1, 9, 0, 4));
        Assert.Equal(uint.MaxValue, _board.Root.ReadConfig(1, 10, 0, 4));
    }

    [Fact]
    public void SystemReset_TakesEverythingToPowerOn()
    {
        _board.BringUp();
        _board.First.SetBar(0, 0xC000_0000);
        _board.Root.SystemReset();
        Assert.Equal((1, 1), (_board.First.Resets, _board.Second.Resets));
        Assert.Equal(0xFFFF_FFFF, _board.Read(0xC000_0000));
        Assert.Equal(0u, _board.FirstPort.Function.ReadConfig(0x18, 4));
        Assert.False(_board.Second.Function.Dma.Granted);
    }
}
