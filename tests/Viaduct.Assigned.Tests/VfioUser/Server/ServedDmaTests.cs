using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Viaduct.Assigned.VfioUser.Protocol;
using Viaduct.Platform.Memory;
using Xunit;

namespace Viaduct.Assigned.Tests.VfioUser.Server;

public sealed unsafe class ServedDmaTests : IDisposable
{
    private const int NoEntry = 2;
    private const int Exists = 17;
    private const int Invalid = 22;

    private readonly ServedDevice _device = new();
    private readonly HostMemory _ram = new("ram", 0x10000);

    public void Dispose()
    {
        _device.Dispose();
        _ram.Dispose();
    }

    [Fact]
    public void SharedMemory_IsReachedWhereItIsMapped_AndAsLongAsItIs()
    {
        using TestClient client = Open();
        Assert.Equal(0, client.Map(0x100000, 0x4000, _ram.File, offset: 0x2000));
        _ram.Pointer[0x2010] = 42;
        Assert.True(_device.Dma.TryRead(0x100010, out byte value));
        Assert.Equal(42, value);
        Assert.True(_device.Dma.TryWrite(0x103FFF, (byte)9));
        Assert.Equal(9, _ram.Pointer[0x5FFF]);
        Assert.False(_device.Dma.TryWrite(0x104000, (byte)9));
        Assert.Equal(0, client.Unmap(0x100000, 0x4000));
        Assert.Equal(0x4000UL, client.Reply<DmaUnmapMessage>().Size);
        Assert.Equal(1, _device.Pauses);
        Assert.False(_device.Dma.TryRead(0x100010, out value));
    }

    [Fact]
    public void ReadOnlyMemory_IsNotWritten()
    {
        using TestClient client = Open();
        Assert.Equal(0, client.Map(0, 0x1000, _ram.File, flags: DmaMapMessage.CanRead));
        Assert.True(_device.Dma.TryRead(0, out byte _));
        Assert.False(_device.Dma.TryWrite(0, (byte)1));
    }

    [Theory]
    [InlineData(0UL, 0UL, 3u)]
    [InlineData(0UL, 0x800UL, 3u)]
    [InlineData(0x800UL, 0x1000UL, 3u)]
    [InlineData(0xFFFF_FFFF_FFFF_F000UL, 0x2000UL, 3u)]
    [InlineData(0UL, 0x1000UL, 0u)]
    [InlineData(0UL, 0x1000UL, 8u)]
    public void Map_ThatMakesNoSense_IsRefused(ulong address, ulong size, uint flags)
    {
        using TestClient client = Open();
        Assert.Equal(Invalid, client.Map(address, size, _ram.File, flags: flags));
        Assert.Equal(Invalid, client.Map(address, size, null, flags: flags));
        Assert.Equal(Invalid, client.Ask(VfioUserCommand.DmaMap, new byte[31]));
    }

    [Fact]
    public void Map_OverAnother_IsRefused()
    {
        using TestClient client = Open();
        Assert.Equal(0, client.Map(0x10000, 0x3000, null));
        Assert.Equal(Exists, client.Map(0x10000, 0x3000, null));
        Assert.Equal(Exists, client.Map(0x12000, 0x1000, null));
        Assert.Equal(Exists, client.Map(0xF000, 0x2000, null));
        Assert.Equal(Exists, client.Map(0, 0x100000, null));
        Assert.Equal(0, client.Map(0x13000, 0x1000, null));
        Assert.Equal(0, client.Map(0xF000, 0x1000, null));
    }

    [Fact]
    public void Unmap_TakesWholeMapsOnly()
    {
        using TestClient client = Open();
        Assert.Equal(NoEntry, client.Unmap(0x10000, 0x1000));
        for (ulong address = 0x10000; address < 0x14000; address += 0x1000)
        {
            Assert.Equal(0, client.Map(address, 0x1000, null));
        }

        Assert.Equal(Invalid, client.Unmap(0x10000, 0x800));
        Assert.Equal(Invalid, client.Unmap(0x10800, 0x2000));
        Assert.Equal(Invalid, client.Unmap(0x10000, 0));
        Assert.Equal(Invalid, client.Unmap(ulong.MaxValue, 2));
        Assert.Equal(Invalid, client.Unmap(0x10000, 0x1000, flags: 1));
        Assert.Equal(0, client.Unmap(0x11000, 0x2000));
        Assert.Equal(0x2000UL, client.Reply<DmaUnmapMessage>().Size);
        Assert.Equal(Invalid, client.Unmap(0x10000, 0x4000, DmaUnmapMessage.All));
        Assert.Equal(0, client.Unmap(0, 0, DmaUnmapMessage.All));
        Assert.Equal(0x2000UL, client.Reply<DmaUnmapMessage>().Size);
    }

    [Fact]
    public void MoreMapsThanThereMayBe_AreRefused_AndNoneIsLost()
    {
        const int Most = 4096;
        using TestClient client = Open();
        for (ulong i = 0; i < Most; i++)
        {
            Assert.Equal(0, client.Map(i << 12, 0x1000, null));
        }

        Assert.Equal(28, client.Map(1UL << 40, 0x1000, null));
        Assert.Equal(0, client.Unmap(0, 0x1000));
        Assert.Equal(0, client.Map(1UL << 40, 0x1000, null));
    }

    [Fact]
    public void FileThatIsTooShort_IsNotMapped_ButAskedForItsBytes()
    {
        using TestClient client = Open();
        client.OnCommand = Serve;
        Assert.Equal(0, client.Map(0, 0x10000, _ram.File, offset: 0x2000));
        _ram.Pointer[5] = 55;
        Assert.Equal(55, ReadByAnotherThread(client, 5));
        Assert.Contains(_device.Log.Lines, line => line.Contains("copied by messages", StringComparison.Ordinal));
    }

    [Fact]
    public void FileThatCouldBeCut_IsNotMapped()
    {
        string path = Path.GetTempFileName();
        File.WriteAllBytes(path, new byte[0x2000]);
        using (SafeFileHandle file = File.OpenHandle(path, access: FileAccess.ReadWrite))
        {
            using TestClient client = Open();
            client.OnCommand = Serve;
            Assert.Equal(0, client.Map(0, 0x2000, file));
            using (FileStream stream = new(file, FileAccess.ReadWrite))
            {
                stream.SetLength(0);
                _ram.Pointer[7] = 77;
                Assert.Equal(77, ReadByAnotherThread(client, 7));
            }
        }

        File.Delete(path);
    }

    [Fact]
    public void UnsharedMemory_IsReadAndWrittenByMessages()
    {
        using TestClient client = Open();
        client.OnCommand = Serve;
        Assert.Equal(0, client.Map(0, 0x10000, null));
        byte[] bytes = new byte[0x8000];
        new Random(1).NextBytes(bytes);
        Assert.True(ByAnotherThread(client, () => _device.Dma.TryWrite(0x100, bytes)));
        Assert.Equal(bytes, new ReadOnlySpan<byte>(_ram.Pointer + 0x100, bytes.Length).ToArray());
        byte[] back = new byte[0x8000];
        Assert.True(ByAnotherThread(client, () => _device.Dma.TryRead(0x100, back)));
        Assert.Equal(bytes, back);
        client.OnCommand = _ => null;
        Assert.False(ByAnotherThread(client, () => _device.Dma.TryRead(0x100, back)));
    }

    [Fact]
    public void Transfer_WhileTheClientUnmaps_IsServed()
    {
        using TestClient client = Open();
        client.OnCommand = Serve;
        Assert.Equal(0, client.Map(0, 0x10000, null));
        Assert.Equal(0, client.Map(0x20000, 0x1000, null));
        bool read = false;
        _device.WhilePausing = () =>
        {
            Thread worker = new(() => read = _device.Dma.TryRead(0x10, out byte _));
            worker.Start();
            worker.Join();
        };
        Assert.Equal(0, client.Unmap(0x20000, 0x1000));
        Assert.True(read);
    }

    [Fact]
    public void ClientThatGoes_LeavesNoTransferWaiting()
    {
        TestClient client = Open();
        Assert.Equal(0, client.Map(0, 0x1000, null));
        bool read = true;
        Thread worker = new(() => read = _device.Dma.TryRead(0, out byte _));
        worker.Start();
        Assert.True(client.Socket.TryWait(TimeSpan.FromSeconds(20)));
        client.Dispose();
        Assert.True(worker.Join(TimeSpan.FromSeconds(20)));
        Assert.False(read);
    }

    private TestClient Open()
    {
        TestClient client = TestClient.Open(_device.Path);
        client.Write(7, 4, 6, 0);
        return client;
    }

    private byte[]? Serve(ReceivedMessage message)
    {
        Assert.True(message.TryRead(out DmaAccessMessage access));
        Span<byte> memory = new(_ram.Pointer + access.Address, (int)access.Count);
        if (message.Header.Command == VfioUserCommand.DmaWrite)
        {
            message.Body[16..].CopyTo(memory);
            return message.Body[..16].ToArray();
        }

        Assert.Equal(VfioUserCommand.DmaRead, message.Header.Command);
        return [.. message.Body[..16], .. memory];
    }

    private int ReadByAnotherThread(TestClient client, ulong address)
    {
        byte value = 0;
        return ByAnotherThread(client, () => _device.Dma.TryRead(address, out value)) ? value : -1;
    }

    // The client serves while the device works.
    internal static bool ByAnotherThread(TestClient client, Func<bool> work)
    {
        bool result = false;
        bool done = false;
        Thread worker = new(() =>
        {
            result = work();
            Volatile.Write(ref done, true);
        });
        worker.Start();
        while (!Volatile.Read(ref done))
        {
            if (client.Socket.TryWait(TimeSpan.FromMilliseconds(5)))
            {
                client.ServeOne();
            }
        }

        worker.Join();
        return result;
    }
}
