using Viaduct.Assigned.VfioUser.Protocol;
using Viaduct.Platform.Memory;
using Xunit;

namespace Viaduct.Assigned.Tests.VfioUser.Server;

/// <summary>Sizes, flags and counts of the protocol's requests, each at and past its edge. docs/vfio-user.md has the list.</summary>
public sealed unsafe class ProtocolCaseTests : IDisposable
{
    private const uint Config = 7;
    private const int Invalid = 22;
    private const int NoEntry = 2;

    private readonly ServedDevice _device = new();
    private readonly TestClient _client;

    public ProtocolCaseTests() => _client = TestClient.Open(_device.Path);

    public void Dispose()
    {
        _client.Dispose();
        _device.Dispose();
    }

    [Theory]
    [InlineData(VfioUserCommand.DmaMap, 32)]
    [InlineData(VfioUserCommand.DmaUnmap, 24)]
    [InlineData(VfioUserCommand.DeviceGetInfo, 16)]
    [InlineData(VfioUserCommand.DeviceGetRegionInfo, 32)]
    [InlineData(VfioUserCommand.DeviceGetRegionIoFds, 16)]
    [InlineData(VfioUserCommand.DeviceGetIrqInfo, 16)]
    [InlineData(VfioUserCommand.DeviceSetIrqs, 20)]
    [InlineData(VfioUserCommand.RegionRead, 16)]
    [InlineData(VfioUserCommand.RegionWrite, 16)]
    [InlineData(VfioUserCommand.RegionWriteMulti, 8)]
    public void Request_ThatEndsEarly_IsRefused(VfioUserCommand command, int length)
    {
        Assert.Equal(Invalid, _client.Ask(command, default));
        Assert.Equal(Invalid, _client.Ask(command, new byte[8 - 1]));
        Assert.Equal(Invalid, _client.Ask(command, new byte[length - 1]));
        Assert.Equal([0x34, 0x12], _client.Read(Config, 0, 2));
    }

    [Fact]
    public void ArgumentSize_BelowTheStructures_IsRefused()
    {
        Assert.Equal(Invalid, _client.Ask(VfioUserCommand.DeviceGetInfo, new DeviceInfoMessage { ArgSize = 8 }));
        Assert.Equal(Invalid, _client.Ask(VfioUserCommand.DeviceGetRegionInfo, new RegionInfoMessage { ArgSize = 31 }));
        Assert.Equal(Invalid, _client.Ask(VfioUserCommand.DeviceGetRegionIoFds, new RegionIoFdsMessage { ArgSize = 15 }));
        Assert.Equal(Invalid, _client.Ask(VfioUserCommand.DeviceGetIrqInfo, new IrqInfoMessage { ArgSize = 8 }));
        Assert.Equal(Invalid, _client.Ask(VfioUserCommand.DeviceSetIrqs, new IrqSetMessage { ArgSize = 3, Flags = IrqSetMessage.Trigger | IrqSetMessage.DataNone, Index = 4 }));
        Assert.Equal(Invalid, _client.Ask(VfioUserCommand.DmaMap, new DmaMapMessage { ArgSize = 8, Flags = 3, Size = 0x1000 }));
        Assert.Equal(Invalid, _client.Ask(VfioUserCommand.DmaUnmap, new DmaUnmapMessage { ArgSize = 8, Size = 0x1000 }));
    }

    [Fact]
    public void ArgumentSize_AboveTheStructures_IsRoomThatIsNotUsed()
    {
        Assert.Equal(0, _client.Ask(VfioUserCommand.DeviceGetInfo, new DeviceInfoMessage { ArgSize = 32 }));
        Assert.Equal((16u, 16), (_client.Reply<DeviceInfoMessage>().ArgSize, _client.Last.Body.Length));
        Assert.Equal(0, _client.Ask(VfioUserCommand.DeviceGetIrqInfo, new IrqInfoMessage { ArgSize = 32, Index = 4 }));
        Assert.Equal(new IrqInfoMessage { ArgSize = 16, Index = 4, Count = 1, Flags = IrqInfoMessage.CanSignal }, _client.Reply<IrqInfoMessage>());
        Assert.Equal(0, _client.Ask(VfioUserCommand.DeviceGetRegionInfo, new RegionInfoMessage { ArgSize = 40, Index = Config }));
        Assert.Equal((32u, 32), (_client.Reply<RegionInfoMessage>().ArgSize, _client.Last.Body.Length));
    }

    [Fact]
    public void Region_OfNoSize_HasNoFlags()
    {
        Assert.Equal(0, _client.Ask(VfioUserCommand.DeviceGetRegionInfo, new RegionInfoMessage { ArgSize = 32, Index = 2 }));
        Assert.Equal(new RegionInfoMessage { ArgSize = 32, Index = 2 }, _client.Reply<RegionInfoMessage>());
    }

    [Fact]
    public void IoFds_OfARegionWithout_AreNone()
    {
        Assert.Equal(0, _client.Ask(VfioUserCommand.DeviceGetRegionIoFds, new RegionIoFdsMessage { ArgSize = 512, Index = 1 }));
        Assert.Equal(new RegionIoFdsMessage { ArgSize = 16, Index = 1 }, _client.Reply<RegionIoFdsMessage>());
        Assert.Equal(0, _client.Last.DescriptorCount);
    }

    [Theory]
    [InlineData(1u, 0u, 0u)]
    [InlineData(0u, 1u, 0u)]
    [InlineData(0u, 0u, 9u)]
    public void IoFds_AskedForWithWhatMustBeZero_OrOfNoRegion_AreRefused(uint flags, uint count, uint index) => Assert.Equal(
        Invalid, _client.Ask(VfioUserCommand.DeviceGetRegionIoFds, new RegionIoFdsMessage { ArgSize = 216, Flags = flags, Count = count, Index = index }));

    [Fact]
    public void Access_OfNoBytes_IsDone()
    {
        Assert.Empty(_client.Read(0, 0, 0));
        Assert.Empty(_client.Read(0, 0x8000, 0));
        Assert.Equal(0, _client.Write(0, 0));
        Assert.Equal(Invalid, _client.Ask(VfioUserCommand.RegionRead, new RegionAccessMessage { Offset = 0x8001 }));
    }

    [Fact]
    public void Read_OfMoreThanTheClientTakes_IsRefused()
    {
        using ServedDevice device = new();
        using TestClient client = new(device.Path);
        Assert.Equal(0, client.Ask(VfioUserCommand.Version, new VersionOffer { MaxTransfer = 64 }.Format()));
        Assert.Equal(64, client.Read(Config, 0, 64).Length);
        Assert.Equal(Invalid, client.Ask(VfioUserCommand.RegionRead, new RegionAccessMessage { Region = Config, Count = 65 }));
    }

    [Fact]
    public void Unmap_OfWhatIsNotMapped_SaysSo()
    {
        Assert.Equal(0, _client.Map(0, 0x1000, null));
        Assert.Equal(NoEntry, _client.Unmap(0x10000, 0x1000));
        Assert.Equal(0, _client.Unmap(0, 0x1000));
        Assert.Equal(NoEntry, _client.Unmap(0, 0x1000));
    }

    [Theory]
    [InlineData(1u, 0UL, 0x1000UL)]
    [InlineData(4u, 0UL, 0x1000UL)]
    [InlineData(2u, 0x10000UL, 0x1000UL)]
    [InlineData(2u, 0UL, 0x1000UL)]
    [InlineData(3u, 0UL, 0UL)]
    public void Unmap_WithDirtyPages_OrOfAllAndSome_IsRefused(uint flags, ulong address, ulong size)
    {
        Assert.Equal(0, _client.Map(0, 0x1000, null));
        Assert.Equal(Invalid, _client.Unmap(address, size, flags));
        Assert.Equal(0, _client.Unmap(0, 0, DmaUnmapMessage.All));
        Assert.Equal(0x1000UL, _client.Reply<DmaUnmapMessage>().Size);
    }

    [Fact]
    public void Transfers_AreNoLongerThanTheClientTakes()
    {
        using HostMemory ram = new("ram", 0x10000);
        using ServedDevice device = new();
        using TestClient client = new(device.Path);
        Assert.Equal(0, client.Ask(VfioUserCommand.Version, new VersionOffer { MaxTransfer = 4096 }.Format()));
        Assert.Equal(0, client.Write(Config, 4, 6, 0));
        Assert.Equal(0, client.Map(0, 0x10000, null));
        List<ulong> counts = [];
        client.OnCommand = message =>
        {
            Assert.True(message.TryRead(out DmaAccessMessage access));
            counts.Add(access.Count);
            Span<byte> memory = new(ram.Pointer + access.Address, (int)access.Count);
            if (message.Header.Command == VfioUserCommand.DmaRead)
            {
                return [.. message.Body[..16], .. memory];
            }

            message.Body[16..].CopyTo(memory);
            return message.Body[..16].ToArray();
        };
        byte[] bytes = new byte[(2 * 4096) + 42];
        new Random(2).NextBytes(bytes);
        byte[] back = new byte[bytes.Length];
        Assert.True(ServedDmaTests.ByAnotherThread(client, () => device.Dma.TryWrite(0x1000, bytes) && device.Dma.TryRead(0x1000, back)));
        Assert.Equal(bytes, back);
        Assert.Equal([4096UL, 4096, 42, 4096, 4096, 42], counts);
    }

    [Fact]
    public void Reply_ThatNobodyWaitsFor_IsDropped()
    {
        MessageHeader header = new() { Id = 0xBAD2, Command = VfioUserCommand.DeviceSetIrqs, Flags = MessageFlags.Reply };
        Assert.True(_client.Socket.TrySend(header));
        Assert.Equal([0x34, 0x12], _client.Read(Config, 0, 2));
    }

    [Fact]
    public void Migration_IsNotSpoken()
    {
        const int NotTerminal = 25;
        const int NotSupported = 95;
        Assert.Equal(NotTerminal, _client.Ask(VfioUserCommand.DeviceFeature, new byte[16]));
        Assert.Equal(NotSupported, _client.Ask(VfioUserCommand.MigrationDataRead, new byte[8]));
        Assert.Equal(NotSupported, _client.Ask(VfioUserCommand.MigrationDataWrite, new byte[8]));
    }
}
