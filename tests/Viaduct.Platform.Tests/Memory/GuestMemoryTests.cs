using FsCheck;
using FsCheck.Fluent;
using Viaduct.Platform.AddressSpaces;
using Viaduct.Platform.Dma;
using Viaduct.Platform.Memory;
using Viaduct.Platform.Tests.Pci;
using Xunit;

namespace Viaduct.Platform.Tests.Memory;

public sealed class GuestMemoryTests : IDisposable
{
    private const ulong Low = 0x1000;
    private const ulong High = 0x8000;
    private readonly AddressSpace _space = new("memory");
    private readonly HostMemory _ram = new("ram", 0x4000);
    private readonly HostMemory _rom = new("rom", 0x1000);
    private readonly GuestMemory _memory;

    // Two pieces of RAM that touch, with their halves exchanged on the host; a hole; more RAM; ROM behind it.
    public GuestMemoryTests()
    {
        _memory = new GuestMemory(_space);
        _space.MapMemory("low", Low, _ram, 0x1000, 0x1000);
        _space.MapMemory("next", Low + 0x1000, _ram, 0, 0x1000);
        _space.MapMemory("high", High, _ram, 0x2000, 0x2000);
        _space.MapMemory("rom", High + 0x2000, _rom, 0, 0x1000, readOnly: true);
        _space.Map("registers", 0x2_0000, 0x1000, new NamedRegisters(1));
    }

    public void Dispose()
    {
        _ram.Dispose();
        _rom.Dispose();
    }

    [Fact]
    public void TryWrite_AcrossPieces_IsReadBackAndLiesWhereItBelongs()
    {
        Assert.True(_memory.TryWrite(Low + 0xFFE, 0x1122_3344u));
        Assert.True(_memory.TryRead(Low + 0xFFE, out uint value));
        Assert.Equal(0x1122_3344u, value);
        Assert.True(_memory.TryRead(Low + 0x1000, out ushort second));
        Assert.Equal(0x1122, second);
        Assert.False(_memory.TryGetSpan(Low + 0xFFE, 4, DmaDirection.ToDevice, out _));
    }

    [Theory]
    [InlineData(Low - 1, 2)]
    [InlineData(Low + 0x1FFF, 2)]
    [InlineData(0x2_0000UL, 4)]
    [InlineData(ulong.MaxValue, 1)]
    [InlineData(ulong.MaxValue - 3, 16)]
    [InlineData(High + 0x2FFF, 2)]
    public void Access_ThatLeavesMemory_Fails(ulong address, int length)
    {
        byte[] bytes = new byte[length];
        Assert.False(_memory.TryRead(address, bytes));
        Assert.False(_memory.TryWrite(address, bytes));
        Assert.False(_memory.TryGetSpan(address, length, DmaDirection.ToDevice, out _));
        int count = 0;
        Assert.False(_memory.TryMap(address, (ulong)length, DmaDirection.ToDevice, new HostSegment[4], ref count));
    }

    [Fact]
    public void Rom_IsReadNotWritten()
    {
        Assert.True(_memory.TryRead(High + 0x2000, out uint _));
        Assert.False(_memory.TryWrite(High + 0x2000, 1u));
        Assert.False(_memory.TryGetSpan(High + 0x2000, 4, DmaDirection.FromDevice, out _));
        Assert.True(_memory.TryGetSpan(High + 0x2000, 4, DmaDirection.ToDevice, out _));
    }

    [Fact]
    public void TryMap_MoreSegmentsThanRoom_Fails()
    {
        int count = 0;
        Assert.False(_memory.TryMap(Low, 0x2000, DmaDirection.ToDevice, new HostSegment[1], ref count));
        count = 0;
        Assert.True(_memory.TryMap(Low, 0x2000, DmaDirection.ToDevice, new HostSegment[2], ref count));
        Assert.Equal(2, count);
    }

    [Fact]
    public void TryGetSpan_NegativeLength_Fails() =>
        Assert.False(_memory.TryGetSpan(Low, -1, DmaDirection.ToDevice, out _));

    [Fact]
    public void Access_AnyRange_SucceedsExactlyWhenAllOfItIsMemory()
    {
        Gen<(ulong Address, int Length)> ranges =
            from address in Gen.Choose(0, 0xC000)
            from length in Gen.Choose(1, 0x3000)
            select ((ulong)address, length);
        Prop.ForAll(ranges.ToArbitrary(), range =>
        {
            bool expected = Enumerable.Range(0, range.Length).All(i => IsMemory(range.Address + (ulong)i));
            byte[] bytes = new byte[range.Length];
            int count = 0;
            return _memory.TryRead(range.Address, bytes) == expected
                && _memory.TryMap(range.Address, (ulong)range.Length, DmaDirection.ToDevice, new HostSegment[8], ref count) == expected;
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void TryWrite_WatchedPage_TellsTheObserver()
    {
        PageRecorder recorder = new();
        _ram.Observe(recorder);
        unsafe
        {
            _ram.WatchedPages[2] = 1;
        }

        Assert.True(_memory.TryWrite(Low, 1u));
        Assert.Empty(recorder.Pages);
        Assert.True(_memory.TryWrite(High + 0xFFF, (byte)1));
        Assert.Equal([2UL], recorder.Pages);
    }

    private static bool IsMemory(ulong address) => address is (>= Low and < Low + 0x2000) or (>= High and < High + 0x3000);

    private sealed class PageRecorder : IPageWriteObserver
    {
        public List<ulong> Pages { get; } = [];

        public void OnPageWritten(HostMemory memory, ulong page) => Pages.Add(page);
    }
}
