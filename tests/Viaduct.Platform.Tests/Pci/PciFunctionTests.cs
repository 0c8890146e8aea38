using Viaduct.Platform.Accounting;
using Viaduct.Platform.Dma;
using Viaduct.Platform.Memory;
using Viaduct.Platform.Pci;
using Xunit;

namespace Viaduct.Platform.Tests.Pci;

public sealed class PciFunctionTests : IDisposable
{
    private readonly TestBoard _board = new();

    public void Dispose() => _board.Dispose();

    [Fact]
    public void Header_SaysWhoItIs()
    {
        PciFunction function = _board.First.Function;
        Assert.Equal(0x0010_1B36u, function.ReadConfig(0, 4));
        Assert.Equal(0x0108_0201u, function.ReadConfig(8, 4));
        Assert.Equal(0x1100_1AF4u, function.ReadConfig(0x2C, 4));
        Assert.Equal(0x10u, function.ReadConfig(6, 2));
        Assert.Equal(1u, function.ReadConfig(0x3D, 1));
    }

    [Fact]
    public void Header_IsReadOnlyWhereItMustBe()
    {
        PciFunction function = _board.First.Function;
        foreach (int offset in new[] { 0, 8, 0x28, 0x2C, 0x30, 0x34, 0x38 })
        {
            uint before = function.ReadConfig(offset, 4);
            function.WriteConfig(offset, 4, ~before);
            Assert.Equal(before, function.ReadConfig(offset, 4));
        }

        function.WriteConfig(4, 4, uint.MaxValue);
        Assert.Equal(0x0010_0547u, function.ReadConfig(4, 4));
    }

    [Fact]
    public void Capabilities_ChainInTheOrderAdded()
    {
        PciFunction function = _board.First.Function;
        List<uint> ids = [];
        for (int offset = (int)function.ReadConfig(0x34, 1); offset != 0; offset = (int)function.ReadConfig(offset + 1, 1))
        {
            Assert.Equal(0, offset % 4);
            ids.Add(function.ReadConfig(offset, 1));
        }

        Assert.Equal([0x01u, 0x10u, 0x11u, 0x05u], ids);
    }

    [Fact]
    public void ExtendedCapabilities_ChainInTheOrderAdded()
    {
        PciFunction function = _board.First.Function;
        Assert.Equal(0u, function.ReadConfig(0x100, 4));
        Assert.Equal(0x100, function.AddExtendedCapability(3, 1, [1, 2, 3, 4, 5, 6, 7, 8], []));
        Assert.Equal(0x10C, function.AddExtendedCapability(0xB, 1, [9, 0, 0, 0], [0, 0xFF]));
        Assert.Equal(0x10C1_0003u, function.ReadConfig(0x100, 4));
        Assert.Equal(0x0001_000Bu, function.ReadConfig(0x10C, 4));
        function.WriteConfig(0x110, 4, uint.MaxValue);
        Assert.Equal(0x0000_FF09u, function.ReadConfig(0x110, 4));
    }

    [Fact]
    public void ClearMask_OneClears_ZeroLeaves()
    {
        PciFunction function = _board.First.Function;
        int offset = function.AddCapability(9, [4, 0x0F], [], clearMask: [0, 0x0F]);
        function.WriteConfig(offset + 3, 1, 0x05);
        Assert.Equal(0x0Au, function.ReadConfig(offset + 3, 1));
        function.WriteConfig(offset + 3, 1, 0);
        Assert.Equal(0x0Au, function.ReadConfig(offset + 3, 1));
        function.WriteConfig(offset, 4, 0xFF00_0000);
        Assert.Equal(0u, function.ReadConfig(offset + 3, 1));
    }

    [Fact]
    public void Observer_HearsOfAccessesToItsCapability()
    {
        PciFunction function = _board.First.Function;
        EchoWindow window = new(function);
        window.Offset = function.AddCapability(9, [8, 0, 0, 0, 0, 0], [0, 0, 0xFF, 0xFF, 0xFF, 0xFF], window);
        function.WriteConfig(window.Offset + 4, 2, 0x1234);
        function.WriteConfig(window.Offset - 4, 4, 0);
        Assert.Equal([(4, 2)], window.Writes);
        Assert.Equal(0x1235u, function.ReadConfig(window.Offset + 4, 4));
    }

    [Theory]
    [InlineData(1, 2)]
    [InlineData(2, 4)]
    [InlineData(4096, 1)]
    [InlineData(-4, 4)]
    [InlineData(0, 3)]
    [InlineData(0, 8)]
    public void Config_AccessThatIsNone_ReadsOnesAndWritesNothing(int offset, int size)
    {
        _board.First.Function.WriteConfig(offset, size, 0);
        Assert.Equal(uint.MaxValue, _board.First.Function.ReadConfig(offset, size));
    }

    [Fact]
    public void Flr_ResetsRegistersAndDevice_AndKeepsItsIdentity()
    {
        _board.BringUp();
        TestDevice device = _board.First;
        device.SetBar(0, 0xC000_0000);
        bool grantedInReset = true;
        device.Function.Reset += () => grantedInReset = device.Function.Dma.Granted;
        int control = device.Express.Offset + 8;
        Assert.NotEqual(0u, device.Function.ReadConfig(device.Express.Offset + 4, 4) & (1u << 28));
        device.Function.WriteConfig(control, 2, device.Function.ReadConfig(control, 2) | 0x8000);
        Assert.Equal(1, device.Resets);
        Assert.False(grantedInReset);
        Assert.Equal(0u, device.Function.ReadConfig(0x10, 4));
        Assert.Equal(0u, device.Function.ReadConfig(control, 2) & 0x8000);
        Assert.Equal(0xFFFF_FFFF, _board.Read(0xC000_0000));
        Assert.Equal(0x0010_1B36u, _board.Root.ReadConfig(1, 0, 0, 4));
        Assert.Equal(0, _board.Second.Resets);
    }

    [Fact]
    public void D3Hot_TakesDecodeAndMasteringAway_AndD0GivesThemBack()
    {
        _board.BringUp();
        TestDevice device = _board.First;
        device.SetBar(0, 0xC000_0000);
        device.Function.WriteConfig(device.Power.Offset + 4, 2, 3);
        Assert.Equal(0xFFFF_FFFF, _board.Read(0xC000_0000));
        Assert.False(device.Function.Dma.Granted);
        Assert.Equal(0x0010_1B36u, _board.Root.ReadConfig(1, 0, 0, 4));
        device.Function.WriteConfig(device.Power.Offset + 4, 2, 1);
        Assert.Equal(3u, device.Function.ReadConfig(device.Power.Offset + 4, 2) & 3);
        device.Function.WriteConfig(device.Power.Offset + 4, 2, 0);
        Assert.Equal(device.Mark, _board.Read(0xC000_0000));
        Assert.True(device.Function.Dma.Granted);
        Assert.Equal(0, device.Resets);
    }

    [Fact]
    public void Multifunction_IsSaidByFunction0()
    {
        Assert.Equal(0u, _board.First.Function.ReadConfig(0x0E, 1));
        using TestDevice sibling = new(_board.Root, "sibling", 3);
        _board.FirstPort.Add(sibling.Function, 1);
        Assert.Equal(0x80u, _board.First.Function.ReadConfig(0x0E, 1));
        _board.BringUp();
        Assert.Equal(0x0101, sibling.Function.Dma.RequesterId);
    }

    [Fact]
    public void Alone_BusMasterEnableGrants_AndMappingBarsLeavesGrantsAlone()
    {
        using TestBoard unused = new();
        DmaTarget dma = new(new GuestMemory(unused.Memory), unused.Msi, new DeviceCounters("alone", Road.Emulated)) { Granted = true };
        using TestDevice device = new("alone", 1, dma);
        Assert.True(dma.Granted);
        device.Function.WriteConfig(TestBoard.Command, 2, 0);
        Assert.False(dma.Granted);
        device.Function.WriteConfig(TestBoard.Command, 2, TestBoard.BusMaster);
        Assert.True(dma.Granted);
    }

    [Fact]
    public void RootPort_ShowsASlotWithALinkThatIsUp()
    {
        PciFunction port = _board.FirstPort.Function;
        int express = _board.FirstPort.Bridge.Express!.Offset;
        Assert.Equal(1u, port.ReadConfig(0x0E, 1));
        Assert.Equal(0x0142u, port.ReadConfig(express + 2, 2));
        Assert.Equal(0x2043u, port.ReadConfig(express + 0x12, 2));
        Assert.Equal(0x40u, port.ReadConfig(express + 0x1A, 2));
        int empty = _board.Root.AddRootPort(3).Bridge.Express!.Offset;
        Assert.Equal(0x0043u, _board.Root.ReadConfig(0, 3 << 3, empty + 0x12, 2));
    }

    private sealed class EchoWindow(PciFunction function) : IConfigReadObserver
    {
        public int Offset { get; set; }

        public List<(int Offset, int Size)> Writes { get; } = [];

        public void OnConfigWritten(int offset, int size) => Writes.Add((offset, size));

        public void OnConfigReading(int offset, int size) =>
            function.SetConfig(Offset + 4, 4, 0x1235);
    }
}
