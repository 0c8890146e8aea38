using Viaduct.Assigned.VfioUser.Protocol;
using Viaduct.Platform.Dma;
using Viaduct.Platform.Memory;
using Xunit;

namespace Viaduct.Assigned.Tests.VfioUser.Server;

/// <summary>What a server does when its device writes memory that the client's engine keeps code of.</summary>
public sealed unsafe class ServedCodeMapTests : IDisposable
{
    private const ulong Address = 0x10_0000;

    private readonly ServedDevice _device = new();
    private readonly HostMemory _ram = new("ram", 0x10000);
    private readonly List<DmaAccessMessage> _told = [];

    public void Dispose()
    {
        _device.Dispose();
        _ram.Dispose();
    }

    [Fact]
    public void Write_ToPagesWithoutCode_IsNotTold()
    {
        using TestClient client = Open();
        _ram.WatchedPages[0] = _ram.WatchedPages[5] = 1;
        Assert.True(_device.Dma.TryWrite(Address, new byte[0x4000]));
        Assert.False(client.Socket.TryWait(TimeSpan.Zero));
    }

    [Fact]
    public void Write_ToAPageWithCode_IsToldOnceItIsThere_AndEndsAfterTheReply()
    {
        using TestClient client = Open();
        bool isThere = false;
        client.OnCommand = message =>
        {
            isThere = _ram.Pointer[0x3FFF] == 7;
            return Note(message);
        };
        _ram.WatchedPages[3] = 1;
        byte[] bytes = new byte[0x4000];
        bytes.AsSpan().Fill(7);
        Assert.True(ServedDmaTests.ByAnotherThread(client, () => _device.Dma.TryWrite(Address, bytes)));
        Assert.True(isThere);
        Assert.Equal([new DmaAccessMessage { Address = Address + 0x2000, Count = 0x1000 }], _told);
    }

    [Fact]
    public void SegmentsThatTheKernelWrote_AreToldOfEachPageWithCode()
    {
        using TestClient client = Open();
        client.OnCommand = Note;
        HostSegment[] segments = new HostSegment[1];
        int count = 0;
        Assert.True(_device.Dma.TryMap(Address + 0x800, 0x2000, DmaDirection.FromDevice, segments, ref count));
        _ram.WatchedPages[1] = _ram.WatchedPages[3] = _ram.WatchedPages[4] = 1;
        Assert.True(ServedDmaTests.ByAnotherThread(client, () =>
        {
            _device.Dma.NoteWritten(Address + 0x800, 0x2000);
            return true;
        }));
        Assert.Equal([Address, Address + 0x2000], _told.Select(told => told.Address));
    }

    [Fact]
    public void Client_ThatRefuses_LosesTheDevice_BeforeACompletionCanBeWritten()
    {
        using TestClient client = Open();
        client.OnCommand = _ => null;
        _ram.WatchedPages[1] = 1;
        bool completed = true;
        Thread worker = new(() =>
        {
            _ = _device.Dma.TryWrite(Address, (byte)1);
            completed = _device.Dma.TryWrite(Address + 0x3000, (byte)1);
        });
        worker.Start();
        client.ServeOne();
        Assert.True(worker.Join(TimeSpan.FromSeconds(20)));
        Assert.False(completed);
        Assert.Equal(0, _ram.Pointer[0x4000]);
        Assert.True(client.IsDropped());
    }

    [Fact]
    public void Client_ThatDoesNotAnswer_LosesTheDevice_BeforeACompletionCanBeWritten()
    {
        using TestClient client = Open();
        _ram.WatchedPages[1] = 1;
        _ = _device.Dma.TryWrite(Address, (byte)1);
        Assert.False(_device.Dma.TryWrite(Address + 0x3000, (byte)1));
        Assert.Equal(0, _ram.Pointer[0x4000]);
        Assert.True(client.IsDropped());
    }

    [Fact]
    public void Client_ThatDiesInBetween_LeavesNobodyWaiting_AndTheNextIsServed()
    {
        TestClient client = Open();
        _ram.WatchedPages[1] = 1;
        bool completed = true;
        Thread worker = new(() =>
        {
            _ = _device.Dma.TryWrite(Address, (byte)1);
            completed = _device.Dma.TryWrite(Address + 0x3000, (byte)1);
        });
        worker.Start();
        Assert.True(client.Socket.TryWait(TimeSpan.FromSeconds(20)));
        client.Dispose();
        Assert.True(worker.Join(TimeSpan.FromSeconds(20)));
        Assert.False(completed);
        _device.AwaitFree();
        using TestClient next = Open();
        next.OnCommand = Note;
        Assert.True(ServedDmaTests.ByAnotherThread(next, () => _device.Dma.TryWrite(Address, (byte)1)));
        Assert.Single(_told);
    }

    [Fact]
    public void Write_WhileTheSessionWaitsForTheDevice_IsTold()
    {
        using TestClient client = Open();
        client.OnCommand = Note;
        Assert.Equal(0, client.Map(0x20000, 0x1000, null));
        _ram.WatchedPages[1] = 1;
        bool written = false;
        _device.WhilePausing = () =>
        {
            Thread worker = new(() => written = _device.Dma.TryWrite(Address, (byte)1));
            worker.Start();
            worker.Join();
        };
        Assert.Equal(0, client.Unmap(0x20000, 0x1000));
        Assert.True(written);
        Assert.Single(_told);
    }

    [Theory]
    [InlineData(0x10FF1UL)]
    [InlineData(0x11000UL)]
    [InlineData(ulong.MaxValue)]
    [InlineData(ulong.MaxValue - 0x10)]
    [InlineData(1UL << 63)]
    public void CodeMap_OutsideTheFile_LeavesMemoryThatIsReachedByMessages(ulong codeMap)
    {
        using TestClient client = TestClient.Open(_device.Path, isViaduct: true, hasCodeMap: true);
        client.Write(7, 4, 6, 0);
        Assert.Equal(0, client.MapWithCodeMap(Address, 0x10000, _ram.File, 0, codeMap));
        client.OnCommand = _ => null;
        Assert.False(ServedDmaTests.ByAnotherThread(client, () => _device.Dma.TryWrite(Address, (byte)1)));
        Assert.Equal(VfioUserCommand.DmaWrite, client.Last.Header.Command);
    }

    [Fact]
    public void MapMessage_ThatEndsBeforeItsCodeMap_IsRefused()
    {
        const int Invalid = 22;
        using TestClient client = TestClient.Open(_device.Path, isViaduct: true, hasCodeMap: true);
        Assert.Equal(Invalid, client.Ask(VfioUserCommand.DmaMap, new DmaMapMessage { ArgSize = 40, Flags = 3, Address = Address, Size = 0x1000 }, [1, 2, 3, 4], _ram.File));
    }

    [Fact]
    public void Client_WithoutTheCapability_IsToldNothing()
    {
        using TestClient client = TestClient.Open(_device.Path, isViaduct: true);
        client.Write(7, 4, 6, 0);
        Assert.Equal(0, client.MapWithCodeMap(Address, 0xF000, _ram.File, 0x1000, _ram.PageMapOffset!.Value + 1));
        _ram.WatchedPages[1] = 1;
        Assert.True(_device.Dma.TryWrite(Address, (byte)1));
        Assert.False(client.Socket.TryWait(TimeSpan.Zero));
    }

    // Memory from the block's second page on.
    private TestClient Open()
    {
        TestClient client = TestClient.Open(_device.Path, isViaduct: true, hasCodeMap: true);
        client.Write(7, 4, 6, 0);
        Assert.Equal(0, client.MapWithCodeMap(Address, 0xF000, _ram.File, 0x1000, _ram.PageMapOffset!.Value + 1));
        return client;
    }

    private byte[]? Note(ReceivedMessage message)
    {
        Assert.Equal(VfioUserCommand.ViaductCodeWritten, message.Header.Command);
        Assert.True(message.TryRead(out DmaAccessMessage access));
        _told.Add(access);
        return message.Body[..16].ToArray();
    }
}
