using Viaduct.Platform.AddressSpaces;
using Viaduct.Platform.Pci;
using Xunit;

namespace Viaduct.Platform.Tests.Pci;

public sealed class PciBarTests : IDisposable
{
    private readonly TestBoard _board = new();

    public void Dispose() => _board.Dispose();

    [Theory]
    [InlineData(0, 0xFFFF_C000u)]
    [InlineData(1, 0xFFFF_000Cu)]
    [InlineData(2, 0xFFFF_FFFFu)]
    [InlineData(3, 0xFFFF_FFE1u)]
    [InlineData(4, 0xFFFF_E000u)]
    [InlineData(5, 0u)]
    public void WriteConfig_AllOnes_ReadsSizeAndKind(int index, uint expected)
    {
        PciFunction function = _board.First.Function;
        function.WriteConfig(0x10 + (index * 4), 4, uint.MaxValue);
        Assert.Equal(expected, function.ReadConfig(0x10 + (index * 4), 4));
    }

    [Fact]
    public void Sizing_WithDecodeOn_HidesTheBarAndBringsItBack()
    {
        _board.BringUp();
        _board.First.SetBar(0, 0xC000_4000);
        Assert.Equal(_board.First.Mark + 8, _board.Read(0xC000_4008));
        _board.First.SetBar(0, 0xFFFF_FFFF);
        Assert.Equal(0xFFFF_FFFF, _board.Read(0xC000_4008));
        _board.First.SetBar(0, 0xC000_4000);
        Assert.Equal(_board.First.Mark + 8, _board.Read(0xC000_4008));
    }

    [Fact]
    public void Sizing_WithDecodeOn_ShowsNothingAtTheTopOfMemory()
    {
        using TestDevice device = new(_board.Root, "integrated", 7);
        _board.Root.Bus.Add(5, 0, device.Function);
        device.Function.WriteConfig(TestBoard.Command, 2, TestBoard.MemorySpace);
        device.SetBar(0, 0xFFFF_FFFF);
        Assert.Null(_board.Memory.Current.Find(0xFFFF_C000));
        device.SetBar(0, 0xFFFF_8000);
        Assert.Equal(7UL, _board.Read(0xFFFF_8000));
    }

    [Fact]
    public void MemoryBar_AnswersOnlyWhileMemorySpaceIsEnabled()
    {
        _board.BringUp();
        _board.First.SetBar(0, 0xC000_0000);
        Assert.Equal(_board.First.Mark, _board.Read(0xC000_0000));
        _board.First.Function.WriteConfig(TestBoard.Command, 2, TestBoard.Io);
        Assert.Equal(0xFFFF_FFFF, _board.Read(0xC000_0000));
        _board.First.Function.WriteConfig(TestBoard.Command, 2, TestBoard.MemorySpace);
        Assert.Equal(_board.First.Mark, _board.Read(0xC000_0000));
    }

    [Fact]
    public void MemoryBar_AtZero_IsNotMapped()
    {
        _board.BringUp();
        _board.First.Function.WriteConfig(TestBoard.Command, 2, TestBoard.MemorySpace);
        Assert.DoesNotContain(_board.Memory.Current.Ranges.ToArray(), range => range.Mapping.Name.StartsWith("first", StringComparison.Ordinal));
    }

    [Fact]
    public void Bar64_InPieces_IsSeenWhereBothHalvesSay()
    {
        _board.BringUp();
        TestDevice device = _board.First;
        device.Function.WriteConfig(0x18, 4, 0x10);
        device.Function.WriteConfig(0x14, 2, 0);
        device.Function.WriteConfig(0x16, 2, 0x0123);
        Assert.Same(device.Shared, _board.Memory.Current.Find(0x10_0123_0000)?.Memory);
        device.Function.WriteConfig(0x18, 1, 0x11);
        Assert.Null(_board.Memory.Current.Find(0x10_0123_0000));
    }

    [Fact]
    public void Bar64_BeyondThePhysicalAddresses_IsNotMapped()
    {
        using TestDevice device = new(_board.Root, "integrated", 7);
        _board.Root.Bus.Add(5, 0, device.Function);
        device.Function.WriteConfig(TestBoard.Command, 2, TestBoard.MemorySpace);
        device.SetBar(1, 0x10_0000_0000_0000, wide: true);
        Assert.Null(_board.Memory.Current.Find(0x10_0000_0000_0000));
        device.SetBar(1, 0xF_FFFF_FFFF_0000, wide: true);
        Assert.NotNull(_board.Memory.Current.Find(0xF_FFFF_FFFF_FFFF));
        device.SetBar(1, ulong.MaxValue, wide: true);
        Assert.Null(_board.Memory.Current.Find(0xFFFF_FFFF_FFFF_0000));
    }

    [Fact]
    public void IoBar_FollowsIoSpaceAndThe64KiBOfPorts()
    {
        _board.BringUp();
        TestDevice device = _board.First;
        device.SetBar(3, 0x1020);
        Assert.Equal(0x42UL, _board.ReadPort(0x1022));
        device.SetBar(3, 0x0001_1020);
        Assert.Equal(0xFFUL, _board.ReadPort(0x1022));
        device.SetBar(3, 0x1020);
        device.Function.WriteConfig(TestBoard.Command, 2, TestBoard.MemorySpace);
        Assert.Equal(0xFFUL, _board.ReadPort(0x1022));
    }

    [Fact]
    public void Swap_OfTwoBarsWithDecodeOn_EndsWithEachAtTheOthersPlace()
    {
        _board.BringUp();
        TestDevice device = _board.First;
        device.SetBar(0, 0xC000_0000);
        device.SetBar(4, 0xC000_4000);
        device.SetBar(0, 0xC000_4000);
        device.SetBar(4, 0xC000_0000);
        Assert.Equal(device.Mark, _board.Read(0xC000_4000));
        Assert.Equal(1UL, _board.Read(0xC000_000C));
        Assert.Equal(device.Mark + 0x2000, _board.Read(0xC000_6000));
    }

    [Fact]
    public void Swap_AcrossFunctionsOfADevice_PassesThroughTheOverlap()
    {
        using TestDevice sibling = new(_board.Root, "sibling", 0x3000_0000);
        _board.FirstPort.Add(sibling.Function, 1);
        _board.BringUp();
        sibling.Function.WriteConfig(TestBoard.Command, 2, TestBoard.MemorySpace);
        _board.First.SetBar(0, 0xC000_0000);
        sibling.SetBar(0, 0xC000_4000);
        _board.First.SetBar(0, 0xC000_4000);
        Assert.Contains(_board.Read(0xC000_4000), new[] { _board.First.Mark, sibling.Mark });
        sibling.SetBar(0, 0xC000_0000);
        Assert.Equal(_board.First.Mark, _board.Read(0xC000_4000));
        Assert.Equal(sibling.Mark, _board.Read(0xC000_0000));
    }

    [Fact]
    public void Bar_OverRamOrEcam_IsHiddenByThem()
    {
        using TestDevice device = new(_board.Root, "integrated", 7);
        _board.Root.Bus.Add(5, 0, device.Function);
        device.Function.WriteConfig(TestBoard.Command, 2, TestBoard.MemorySpace);
        device.SetBar(0, TestBoard.RamLength - 0x4000);
        Assert.Same(_board.Ram, _board.Memory.Current.Find(TestBoard.RamLength - 1)?.Memory);
        device.SetBar(0, TestBoard.Ecam);
        Assert.Equal(0x0008_1B36UL, _board.Read(TestBoard.Ecam));
        device.SetBar(0, TestBoard.RamLength);
        Assert.Equal(7UL, _board.Read(TestBoard.RamLength));
    }

    [Fact]
    public void Move_ChangesTheMapOnceAndTellsOnce()
    {
        _board.BringUp();
        _board.First.SetBar(0, 0xC000_0000);
        int told = 0;
        _board.Memory.Changed += () => told++;
        _board.First.SetBar(0, 0xC000_8000);
        Assert.Equal(1, told);
        _board.First.SetBar(0, 0xC000_8000);
        Assert.Equal(1, told);
    }

    [Fact]
    public void Access_CountsAsAnExitOfTheDevice()
    {
        _board.BringUp();
        _board.First.SetBar(0, 0xC000_0000);
        _board.Read(0xC000_0000);
        _board.Memory.Write(0xC000_0010, 4, 5);
        Assert.Equal(2, _board.First.Counters.Read().Exits);
        Assert.Equal(5UL, _board.First.Registers.LastWritten);
    }

    [Fact]
    public void Region_Disposed_IsSeenNoMore()
    {
        _board.BringUp();
        _board.First.SetBar(0, 0xC000_0000);
        BarRegion over = _board.First.Memory32.Map(0x100, 0x10, new NamedRegisters(0x99));
        Assert.Equal(0x99UL, _board.Read(0xC000_0100));
        over.Dispose();
        Assert.Equal(_board.First.Mark + 0x100, _board.Read(0xC000_0100));
    }

    [Fact]
    public void Bar_AsHandler_ReachesRegistersAndMemoryByOffset()
    {
        TestDevice device = _board.First;
        Assert.Equal(AccessStatus.Done, device.Memory64.Write(0x1FF8, 8, 0x1122_3344_5566_7788));
        Assert.Equal(AccessStatus.Done, device.Memory64.Read(0x1FFC, 4, out ulong value));
        Assert.Equal(0x1122_3344UL, value);
        Assert.Equal(AccessStatus.Done, device.Memory32.Read(0x20, 4, out value));
        Assert.Equal(device.Mark + 0x20, value);
        Assert.Equal(AccessStatus.NoResponse, device.Memory64.Read(0xFFFC, 8, out _));
        Assert.Equal(AccessStatus.NoResponse, device.Memory32.Read(ulong.MaxValue, 1, out _));
    }

    [Theory]
    [InlineData(PciBarKind.Memory32, 24UL)]
    [InlineData(PciBarKind.Memory32, 8UL)]
    [InlineData(PciBarKind.Io, 512UL)]
    public void AddBar_SizeThatNoRegisterCanSay_Throws(PciBarKind kind, ulong size) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => _board.First.Function.AddBar(5, kind, size));

    [Fact]
    public void AddBar_SecondHalfOfA64BitBar_Throws() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => _board.First.Function.AddBar(2, PciBarKind.Memory32, 0x1000));
}
