using Viaduct.Assigned.Tests.Fakes;
using Viaduct.Assigned.VfioUser.Client;
using Viaduct.Assigned.VfioUser.Protocol;
using Viaduct.Platform.Memory;

namespace Viaduct.Assigned.Tests.VfioUser;

/// <summary>What a client makes of a server that says, or doesn't, that it wrote code.</summary>
public sealed unsafe class CodeWrittenTests : IPageWriteObserver, IDisposable
{
    private const ulong Address = 0x10_0000;

    private readonly FakeDevice _behind = new();
    private readonly HostMemory _ram = new("ram", 0x4000);
    private readonly List<ulong> _pages = [];
    private readonly FakeServer _server;
    private readonly VfioUserDevice _device;

    public CodeWrittenTests()
    {
        (MessageSocket client, MessageSocket server) = MessageSocket.Pair();
        _server = new FakeServer(server, _behind);
        _device = new VfioUserDevice("vfio-user:test", client, "test");
        _ram.Observe(this);
        _ram.WatchedPages[1] = _ram.WatchedPages[2] = _ram.WatchedPages[3] = 1;
        Assert.True(_device.TryMapDma(Address, _ram, 0x1000, 0x2000, writable: true));
    }

    public void Dispose()
    {
        _device.Dispose();
        _server.Dispose();
        _behind.Dispose();
        _ram.Dispose();
    }

    void IPageWriteObserver.OnPageWritten(HostMemory memory, ulong page) => _pages.Add(page);

    [Fact]
    public void CodeMap_IsShared()
    {
        Assert.True(_device.NotesWrites);
        Assert.Equal(_ram.PageMapOffset + 1, _server.CodeMap);
        Assert.Equal(1, _server.Mapped!.WatchedPages[1]);
        _ram.WatchedPages[2] = 0;
        Assert.Equal(0, _server.Mapped!.WatchedPages[1]);
    }

    [Fact]
    public void Report_ReachesTheEngine_BeforeTheReply()
    {
        (MessageHeader header, byte[] body) = Report(Address + 0xFFF, 2);
        Assert.Equal(MessageFlags.Reply, header.Flags);
        Assert.Equal(FakeServer.Bytes(new DmaAccessMessage { Address = Address + 0xFFF, Count = 2 }), body);
        Assert.Equal([1UL, 2UL], _pages);
    }

    [Theory]
    [InlineData(Address - 1, 1UL)]
    [InlineData(Address + 0x2000, 1UL)]
    [InlineData(0UL, 0x1000UL)]
    [InlineData(ulong.MaxValue, 2UL)]
    [InlineData(Address, 0UL)]
    [InlineData(Address, ulong.MaxValue)]
    [InlineData(Address, (1UL << 20) + 1)]
    public void Report_OfWhatIsNotTheServers_IsRefused(ulong address, ulong count)
    {
        (MessageHeader header, _) = Report(address, count);
        Assert.Equal(MessageFlags.Reply | MessageFlags.Error, header.Flags);
        Assert.Empty(_pages);
    }

    [Fact]
    public void Report_ThatEndsOutside_IsRefused_AndGoesNoFurther()
    {
        (MessageHeader header, _) = Report(Address, 0x2001);
        Assert.Equal(MessageFlags.Reply | MessageFlags.Error, header.Flags);
        Assert.DoesNotContain(3UL, _pages);
    }

    [Fact]
    public void Report_OfMemoryThatIsReadOnly_IsRefused()
    {
        Assert.True(_device.TryMapDma(0, _ram, 0x3000, 0x1000, writable: false));
        (MessageHeader header, _) = Report(0, 1);
        Assert.Equal(MessageFlags.Reply | MessageFlags.Error, header.Flags);
        Assert.Empty(_pages);
    }

    [Fact]
    public void Report_OfTooFewBytes_IsRefused()
    {
        (MessageHeader header, _) = _server.Ask(VfioUserCommand.ViaductCodeWritten, [1, 2, 3]);
        Assert.Equal(MessageFlags.Reply | MessageFlags.Error, header.Flags);
    }

    [Fact]
    public void Server_WithoutTheCapability_GetsNoMap_AndHasItsReportsRefused()
    {
        (MessageSocket client, MessageSocket server) = MessageSocket.Pair();
        using FakeDevice behind = new();
        using FakeServer serving = new(server, behind) { HasCodeMap = false };
        using VfioUserDevice device = new("vfio-user:test", client, "test");
        Assert.False(device.NotesWrites);
        Assert.True(device.TryMapDma(Address, _ram, 0, 0x1000, writable: true));
        Assert.Null(serving.CodeMap);
        (MessageHeader header, _) = serving.Ask(VfioUserCommand.ViaductCodeWritten, FakeServer.Bytes(new DmaAccessMessage { Address = Address, Count = 1 }));
        Assert.Equal(MessageFlags.Reply | MessageFlags.Error, header.Flags);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Memory_IsWrittenUnseen_WhileADeviceHasItThatNotesNothing(bool notes)
    {
        using FakeDevice behind = new() { NotesWrites = notes };
        using FakeMachine machine = new();
        using (machine.Assign(behind))
        {
            Assert.Equal(!notes, machine.Ram.HasUnseenWriters);
        }

        Assert.False(machine.Ram.HasUnseenWriters);
    }

    [Fact]
    public void Memory_StaysWrittenUnseen_WhenTheDeviceWasLostWithIt()
    {
        using FakeDevice behind = new() { NotesWrites = false };
        using FakeMachine machine = new();
        using (machine.Assign(behind))
        {
            behind.Lose();
        }

        Assert.True(machine.Ram.HasUnseenWriters);
    }

    private (MessageHeader Header, byte[] Body) Report(ulong address, ulong count) =>
        _server.Ask(VfioUserCommand.ViaductCodeWritten, FakeServer.Bytes(new DmaAccessMessage { Address = address, Count = count }));
}
