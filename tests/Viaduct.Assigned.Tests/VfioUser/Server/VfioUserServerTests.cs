using System.Text;
using Microsoft.Win32.SafeHandles;
using Viaduct.Assigned.VfioUser.Protocol;
using Viaduct.Assigned.VfioUser.Server;
using Viaduct.Platform.Host;
using Viaduct.Platform.Memory;
using Xunit;

namespace Viaduct.Assigned.Tests.VfioUser.Server;

public sealed unsafe class VfioUserServerTests : IDisposable
{
    private const uint Config = 7;
    private const int Invalid = 22;
    private const int NotSupported = 95;

    private readonly ServedDevice _device = new();

    public void Dispose() => _device.Dispose();

    [Fact]
    public void Version_IsAnsweredWithWhatBothCan()
    {
        using TestClient client = new(_device.Path);
        byte[] offer = [0, 0, 0, 0, .. Encoding.UTF8.GetBytes("""{"capabilities":{"max_msg_fds":8,"max_data_xfer_size":1048576,"pgsizes":4096}}"""), 0];
        Assert.Equal(0, client.Ask(VfioUserCommand.Version, offer));
        Assert.Equal([0, 0, 0, 0], client.Last.Body[..4].ToArray());
        Assert.Equal(0, client.Last.Body[^1]);
        string json = Encoding.UTF8.GetString(client.Last.Body[4..^1]);
        Assert.Equal("""{"capabilities":{"max_msg_fds":16,"max_data_xfer_size":1048576,"pgsizes":4096,"max_dma_maps":4096,"write_multiple":true}}""", json);
    }

    [Theory]
    [InlineData("\u0001\0\u0001\0{}\0")]
    [InlineData("\0\0\u0001\0{\"capabilities\":\0")]
    [InlineData("\0\0")]
    public void Version_ThatMakesNoSense_IsRefused(string offer)
    {
        using TestClient client = new(_device.Path);
        Assert.Equal(Invalid, client.Ask(VfioUserCommand.Version, Encoding.Latin1.GetBytes(offer)));
        Assert.True(client.IsDropped());
        Assert.Null(_device.Server.Holder);
    }

    [Fact]
    public void AnythingBeforeTheVersion_IsRefused()
    {
        using TestClient client = new(_device.Path);
        Assert.Equal(Invalid, client.Ask(VfioUserCommand.DeviceReset, default));
        Assert.True(client.IsDropped());
    }

    [Fact]
    public void Descriptions_AreThoseOfThePciDevice()
    {
        using TestClient client = TestClient.Open(_device.Path);
        Assert.Equal(0, client.Ask(VfioUserCommand.DeviceGetInfo, new DeviceInfoMessage { ArgSize = 16 }));
        Assert.Equal(new DeviceInfoMessage { ArgSize = 16, Flags = 3, Regions = 9, Interrupts = 5 }, client.Reply<DeviceInfoMessage>());
        Assert.Equal(Invalid, client.Ask(VfioUserCommand.DeviceGetInfo, new DeviceInfoMessage { ArgSize = 15 }));
        ulong[] sizes = new ulong[9];
        for (uint index = 0; index < 9; index++)
        {
            Assert.Equal(0, client.Ask(VfioUserCommand.DeviceGetRegionInfo, new RegionInfoMessage { ArgSize = 32, Index = index }));
            sizes[index] = client.Reply<RegionInfoMessage>().Size;
        }

        Assert.Equal([0x8000UL, 0, 0, 0, 0, 0, 0, 0x1000, 0], sizes);
        Assert.Equal(Invalid, client.Ask(VfioUserCommand.DeviceGetRegionInfo, new RegionInfoMessage { ArgSize = 32, Index = 9 }));
        uint[] counts = new uint[5];
        for (uint index = 0; index < 5; index++)
        {
            Assert.Equal(0, client.Ask(VfioUserCommand.DeviceGetIrqInfo, new IrqInfoMessage { ArgSize = 16, Index = index }));
            counts[index] = client.Reply<IrqInfoMessage>().Count;
        }

        Assert.Equal([1u, 0, 4, 1, 1], counts);
        Assert.Equal(Invalid, client.Ask(VfioUserCommand.DeviceGetIrqInfo, new IrqInfoMessage { ArgSize = 16, Index = 5 }));
    }

    [Fact]
    public void MappableMemory_ComesAsAnAreaOfItsFile()
    {
        using TestClient client = TestClient.Open(_device.Path);
        Assert.Equal(0, client.Ask(VfioUserCommand.DeviceGetRegionInfo, new RegionInfoMessage { ArgSize = 32, Index = 0 }));
        Assert.Equal(0u, client.Reply<RegionInfoMessage>().CapabilityOffset);
        uint needed = client.Reply<RegionInfoMessage>().ArgSize;
        Assert.Equal(0, client.Ask(VfioUserCommand.DeviceGetRegionInfo, new RegionInfoMessage { ArgSize = needed, Index = 0 }));
        RegionInfoMessage info = client.Reply<RegionInfoMessage>();
        Assert.Equal((0xFu, 32u, 0x8000UL, 0UL), (info.Flags, info.CapabilityOffset, info.Size, info.Offset));
        Assert.Equal([1, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0x40, 0, 0, 0, 0, 0, 0, 0, 0x10, 0, 0, 0, 0, 0, 0], client.Last.Body[32..].ToArray());
        using SafeFileHandle file = client.Last.TakeDescriptor(0)!;
        using HostMemory area = HostMemory.FromFile("area", file, 0x4000, 0x1000, writable: true)!;
        Assert.Equal(0, client.Write(0, 0x4010, 99));
        Assert.Equal(99, area.Pointer[0x10]);
    }

    [Fact]
    public void Accesses_ReachRegistersAndConfiguration()
    {
        using TestClient client = TestClient.Open(_device.Path);
        Assert.Equal([0x34, 0x12, 0x11, 0x00], client.Read(Config, 0, 4));
        Assert.Equal(4096, client.Read(Config, 0, 4096).Length);
        Assert.Equal(0, client.Write(0, 0x10, 1, 2, 3, 4, 5, 6, 7));
        Assert.Equal([0, 1, 2, 3, 4, 5, 6, 7, 0], client.Read(0, 0xF, 9));
        Assert.Equal([0xFF, 0xFF], client.Read(0, 0x7000, 2));
        Assert.Equal(0, client.Write(Config, 4, 6, 0));
        Assert.True(_device.Dma.Granted);
    }

    [Theory]
    [InlineData(0, 0x7FFFUL, 2u)]
    [InlineData(0, ulong.MaxValue, 1u)]
    [InlineData(0, 0UL, 0x8001u)]
    [InlineData(1, 0UL, 1u)]
    [InlineData(7, 0xFFFUL, 2u)]
    [InlineData(9, 0UL, 1u)]
    [InlineData(uint.MaxValue, 0UL, 1u)]
    public void Accesses_OutsideARegion_AreRefused(uint region, ulong offset, uint count)
    {
        using TestClient client = TestClient.Open(_device.Path);
        Assert.Equal(Invalid, client.Ask(VfioUserCommand.RegionRead, new RegionAccessMessage { Region = region, Offset = offset, Count = count }));
        Assert.Equal(Invalid, client.Write(region, offset, new byte[count]));
        Assert.Equal([0x34, 0x12], client.Read(Config, 0, 2));
    }

    [Fact]
    public void Write_WithoutReply_IsSilent_AndComesBeforeWhatFollows()
    {
        using TestClient client = TestClient.Open(_device.Path);
        RegionAccessMessage access = new() { Offset = 8, Count = 4 };
        for (byte i = 1; i <= 200; i++)
        {
            MessageHeader header = new() { Id = 77, Command = VfioUserCommand.RegionWrite, Flags = MessageFlags.NoReply };
            Assert.True(client.Socket.TrySend(header, TestClient.Bytes(in access), [i, 0, 0, 0]));
        }

        Assert.Equal([200, 0, 0, 0], client.Read(0, 8, 4));
    }

    [Fact]
    public void WriteMulti_WritesAllInOrder()
    {
        using TestClient client = TestClient.Open(_device.Path);
        byte[] entries = new byte[48];
        entries[0] = 4;
        entries[12] = 4;
        entries[16] = 0xAA;
        entries[24] = 4;
        entries[36] = 2;
        entries[40] = 0xBB;
        Assert.Equal(0, client.Ask(VfioUserCommand.RegionWriteMulti, 2UL, entries));
        Assert.Equal([0xBB, 0, 0, 0], client.Read(0, 4, 4));
        Assert.Equal(Invalid, client.Ask(VfioUserCommand.RegionWriteMulti, 3UL, entries));
        Assert.Equal(Invalid, client.Ask(VfioUserCommand.RegionWriteMulti, ulong.MaxValue, entries));
        entries[36] = 9;
        Assert.Equal(Invalid, client.Ask(VfioUserCommand.RegionWriteMulti, 2UL, entries));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(14)]
    [InlineData(17)]
    [InlineData(18)]
    [InlineData(0x4001)]
    [InlineData(0x4002)]
    [InlineData(0xFFFF)]
    public void UnknownCommands_AreNotSupported(int command)
    {
        using TestClient client = TestClient.Open(_device.Path);
        Assert.Equal(NotSupported, client.Ask((VfioUserCommand)command, new byte[16]));
    }

    [Fact]
    public void Counts_AreForThoseThatKnowThem()
    {
        using TestClient client = TestClient.Open(_device.Path, isViaduct: true);
        _device.Function.Counters.Request();
        Assert.Equal(0, client.Ask(VfioUserCommand.ViaductGetCounts, default));
        Assert.Equal(1, client.Reply<CountsMessage>().Requests);
    }

    [Fact]
    public void Reset_TakesTheFunctionToItsStart()
    {
        using TestClient client = TestClient.Open(_device.Path);
        client.Write(Config, 4, 6, 0);
        int before = _device.Resets;
        Assert.Equal(0, client.Ask(VfioUserCommand.DeviceReset, default));
        Assert.Equal(before + 1, _device.Resets);
        Assert.Equal([0, 0], client.Read(Config, 4, 2));
    }

    [Fact]
    public void SecondClient_IsToldWhoHasTheDevice()
    {
        using TestClient first = TestClient.Open(_device.Path, isViaduct: true, holder: "guest a");
        using TestClient second = new(_device.Path);
        Assert.Equal(16, second.Greet(isViaduct: true, holder: "guest b"));
        Assert.Contains($"guest a (pid {Environment.ProcessId})", second.Text, StringComparison.Ordinal);
        Assert.True(second.IsDropped());
        using TestClient plain = new(_device.Path);
        Assert.Equal(16, plain.Greet());
        Assert.Empty(plain.Last.Body.ToArray());
        Assert.Equal("guest a", _device.Server.Holder!.Name);
        Assert.Equal([0x34, 0x12], first.Read(Config, 0, 2));
    }

    [Fact]
    public void ClientThatGoes_LeavesTheFunctionAsNew_ForTheNext()
    {
        using (TestClient client = TestClient.Open(_device.Path))
        {
            client.Write(Config, 4, 6, 0);
            Assert.Equal(0, client.Map(0x10000, 0x1000, null));
        }

        // No wait: the one who comes right after isn't refused.
        using TestClient next = TestClient.Open(_device.Path);
        Assert.Equal([0, 0], next.Read(Config, 4, 2));
        Assert.Equal(0, next.Map(0x10000, 0x1000, null));
        Assert.True(_device.Resets >= 1);
    }

    [Fact]
    public void Dispose_EndsTheClient_AndRemovesTheSocket()
    {
        using TestClient client = TestClient.Open(_device.Path);
        _device.Server.Dispose();
        Assert.True(client.IsDropped());
        Assert.False(File.Exists(_device.Path));
    }

    [Fact]
    public void Socket_InUse_IsAnError_AndALeftOneIsReplaced()
    {
        HostException error = Assert.Throws<HostException>(() => new VfioUserServer(_device.Path, _device.Function, new ServedMemory(), _device.Log));
        Assert.Contains("has a server already", error.Message, StringComparison.Ordinal);
        using ServedDevice other = new();
        string left = other.Path + "2";
        using (System.Net.Sockets.Socket socket = new(System.Net.Sockets.AddressFamily.Unix, System.Net.Sockets.SocketType.Stream, 0))
        {
            // Bound and closed, as by a process that was killed.
            socket.Bind(new System.Net.Sockets.UnixDomainSocketEndPoint(other.Path + "1"));
            File.Move(other.Path + "1", left);
        }

        using VfioUserServer server = new(left, other.Function, new ServedMemory(), other.Log);
        using TestClient client = TestClient.Open(left);
        Assert.Equal([0x34, 0x12], client.Read(Config, 0, 2));
    }

    [Fact]
    public void Socket_AtAnOrdinaryFile_IsAnError_AndLeavesTheFile()
    {
        string file = _device.Path + ".txt";
        File.WriteAllText(file, "precious");
        Assert.Throws<HostException>(() => new VfioUserServer(file, _device.Function, new ServedMemory(), _device.Log));
        Assert.Equal("precious", File.ReadAllText(file));
    }
}
