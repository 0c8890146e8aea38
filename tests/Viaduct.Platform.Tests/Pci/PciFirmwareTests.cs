using Viaduct.Platform.AddressSpaces;
using Viaduct.Platform.Pci;
using Xunit;

namespace Viaduct.Platform.Tests.Pci;

public sealed class PciFirmwareTests : IDisposable
{
    private static readonly PciWindows _windows = new()
    {
        Memory32Start = 0xC000_0000,
        Memory32Length = 0x1000_0000,
        Memory64Start = 0x40_0000_0000,
        Memory64Length = 0x10_0000_0000,
        IoStart = 0x1000,
        IoLength = 0xF000,
    };

    private readonly TestBoard _board = new();

    public void Dispose() => _board.Dispose();

    [Fact]
    public void Assign_EverythingIsReachableOnceDriversEnableIt()
    {
        Assert.True(PciFirmware.Assign(_board.Root, _windows));
        Assert.Equal(0x0010_1B36u, _board.Root.ReadConfig(1, 0, 0, 4));
        Assert.Equal(0x0010_1B36u, _board.Root.ReadConfig(2, 0, 0, 4));
        Assert.Equal(0x0001_0100u, _board.FirstPort.Function.ReadConfig(0x18, 4));
        Assert.DoesNotContain(_board.Memory.Current.Ranges.ToArray(), range => range.Mapping.Priority == MappingPriority.Bar);
        foreach (TestDevice device in new[] { _board.First, _board.Second })
        {
            device.Function.WriteConfig(TestBoard.Command, 2, 7);
            Assert.Equal(device.Mark + 4, _board.Read(device.Function.ReadConfig(0x10, 4) + 4));
            Assert.Equal(0x41UL, _board.ReadPort((device.Function.ReadConfig(0x1C, 4) & ~3u) + 1));
            ulong wide = ((ulong)device.Function.ReadConfig(0x18, 4) << 32) | (device.Function.ReadConfig(0x14, 4) & ~0xFu);
            Assert.InRange(wide, _windows.Memory64Start, _windows.Memory64Start + _windows.Memory64Length);
            Assert.Same(device.Shared, _board.Memory.Current.Find(wide)?.Memory);
            Assert.True(device.Function.Dma.Granted);
        }
    }

    [Fact]
    public void Assign_NoRoom_SaysSoAndPlacesTheRest()
    {
        Assert.False(PciFirmware.Assign(_board.Root, _windows with { Memory64Length = 0 }));
        _board.First.Function.WriteConfig(TestBoard.Command, 2, 7);
        Assert.Equal(0xCu, _board.First.Function.ReadConfig(0x14, 4));
        Assert.Equal(_board.First.Mark, _board.Read(_board.First.Function.ReadConfig(0x10, 4)));
    }

    [Fact]
    public void Assign_EmptyPort_KeepsItsWindowsClosed()
    {
        RootPort empty = _board.Root.AddRootPort(3);
        PciFirmware.Assign(_board.Root, _windows);
        Assert.Equal(0x0003_0300u, empty.Function.ReadConfig(0x18, 4));
        Assert.Equal(0x0000_FFF0u, empty.Function.ReadConfig(0x20, 4));
        Assert.Equal(0x0001_FFF1u, empty.Function.ReadConfig(0x24, 4));
        Assert.Equal(0x00F0u, empty.Function.ReadConfig(0x1C, 2));
    }
}
