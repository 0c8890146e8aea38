using Viaduct.Platform.Accounting;
using Viaduct.Platform.AddressSpaces;
using Viaduct.Platform.Host;
using Viaduct.Platform.Pci;
using Xunit;

namespace Viaduct.Platform.Tests.Pci;

/// <summary>What an engine finds in the address space of the doorbells that it may turn into eventfds.</summary>
public sealed class DoorbellSignalTests : IDisposable
{
    private const ulong Bar = 0xC000_0000;
    private readonly TestBoard _board = new();
    private readonly EventFd _signal = new();
    private readonly BarRegion _region;

    public DoorbellSignalTests()
    {
        _board.BringUp();
        _board.First.SetBar(0, Bar);
        _region = _board.First.Memory32.MapDoorbells(0x1000, 0x1000, _board.First.Registers);
        _region.Signals = [new DoorbellSignal(0, 0, _signal), new DoorbellSignal(0xFFC, 4, _signal) { Value = 7 }];
    }

    public void Dispose()
    {
        _board.Dispose();
        _signal.Dispose();
    }

    [Fact]
    public void Signals_AreWhereTheBarIs_AndMoveWithIt()
    {
        Assert.Equal([Bar + 0x1000, Bar + 0x1FFC], Seen());
        _board.First.SetBar(0, Bar + 0x8000);
        Assert.Equal([Bar + 0x9000, Bar + 0x9FFC], Seen());
    }

    [Fact]
    public void Signals_GoWithDecode_AndWithTheRegion()
    {
        _board.First.Function.WriteConfig(TestBoard.Command, 2, TestBoard.BusMaster);
        Assert.Empty(Seen());
        _board.First.Function.WriteConfig(TestBoard.Command, 2, TestBoard.MemorySpace);
        Assert.Equal(2, Seen().Count);
        _region.Dispose();
        Assert.Empty(Seen());
    }

    [Fact]
    public void Signals_ThatAreSetLater_AreTold()
    {
        int changes = 0;
        _board.Memory.Changed += () => changes++;
        _region.Signals = [];
        Assert.Equal(1, changes);
        Assert.Empty(Seen());
        _region.Signals = [new DoorbellSignal(8, 4, _signal)];
        Assert.Equal(2, changes);
        Assert.Equal([Bar + 0x1008], Seen());
    }

    [Fact]
    public void Signals_ThatAreCovered_AreNotSeen()
    {
        using BarRegion over = _board.First.Memory32.Map(0x1000, 0x800, _board.First.Registers);
        Assert.Equal([Bar + 0x1FFC], Seen());
        using Mapping above = _board.Memory.Map("above", Bar + 0x1FFE, 2, _board.First.Registers, MappingPriority.Board);
        Assert.Empty(Seen());
    }

    [Fact]
    public void Signals_BehindAWindowsEdge_AreCountedFromTheMapping()
    {
        // The second port's window begins in the middle of the BAR.
        const ulong Length = 2 << 20;
        const ulong Window = 0xC010_0000;
        PciBar bar = _board.Second.Function.AddBar(5, PciBarKind.Memory32, Length);
        BarRegion region = bar.Map(0, Length, _board.Second.Registers);
        region.Signals = [new DoorbellSignal(0, 4, _signal), new DoorbellSignal(0x10_0100, 4, _signal)];
        _board.First.SetBar(0, 0);
        _board.Second.SetBar(5, 0xC000_0000);
        FlatRange range = _board.Memory.Current.Find(Window)!;
        (ulong address, DoorbellSignal signal) = Assert.Single(range.Signals);
        Assert.Equal((Window + 0x100, 0x100UL), (address, signal.Offset));
        Assert.Equal([Window + 0x100], Seen());
    }

    [Theory]
    [InlineData(false, 0)]
    [InlineData(true, 1)]
    public void AWriteByDispatch_GoesToTheHandler(bool leaves, int exits)
    {
        _board.Memory.DoorbellsAreExits = leaves;
        Assert.Equal(AccessStatus.Done, _board.Memory.Write(Bar + 0x1000, 4, 5));
        Assert.False(_signal.IsRaised);
        DeviceCounts counts = _board.First.Counters.Read();
        Assert.Equal((1, exits), (counts.Doorbells, counts.Exits));
    }

    private List<ulong> Seen() =>
        [.. _board.Memory.Current.Ranges.ToArray().SelectMany(range => range.Signals).Where(each => each.Signal.Signal == _signal).Select(each => each.Address)];
}
