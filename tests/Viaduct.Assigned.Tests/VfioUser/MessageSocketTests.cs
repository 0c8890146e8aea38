using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Viaduct.Assigned.Tests.Fakes;
using Viaduct.Assigned.VfioUser.Protocol;
using Viaduct.Platform.Host;

namespace Viaduct.Assigned.Tests.VfioUser;

/// <summary>Messages over a pair of sockets.</summary>
public sealed partial class MessageSocketTests : IDisposable
{
    private readonly MessageSocket _client;
    private readonly MessageSocket _server;
    private readonly ReceivedMessage _received = new();

    public MessageSocketTests() => (_client, _server) = MessageSocket.Pair();

    public void Dispose()
    {
        _client.Dispose();
        _server.Dispose();
        _received.Dispose();
    }

    [Fact]
    public void Message_ArrivesWhole_WithItsDescriptors()
    {
        using EventFd counter = new();
        byte[] body = [.. Enumerable.Range(0, 100_000).Select(i => (byte)i)];
        Thread sender = new(() => _client.TrySend(
            new MessageHeader { Id = 7, Command = VfioUserCommand.DmaWrite }, body.AsSpan(0, 10), body.AsSpan(10), [counter, counter]));
        sender.Start();
        Assert.True(_server.TryReceive(_received));
        sender.Join();
        Assert.Equal(7, _received.Header.Id);
        Assert.Equal(VfioUserCommand.DmaWrite, _received.Header.Command);
        Assert.True(_received.Body.SequenceEqual(body));
        Assert.Equal(2, _received.DescriptorCount);
        using EventFd? other = EventFd.FromFile(_received.TakeDescriptor(1)!);
        other!.Signal();
        Assert.True(counter.TryConsume());
        Assert.Null(_received.TakeDescriptor(1));
        Assert.Null(_received.TakeDescriptor(2));
    }

    [Fact]
    public void Descriptor_ThatIsNoEventFd_IsRefused()
    {
        using SafeFileHandle file = File.OpenHandle("/dev/null", FileMode.Open, FileAccess.Write);
        Assert.True(_client.TrySend(default, descriptors: [file]));
        Assert.True(_server.TryReceive(_received));
        SafeFileHandle taken = _received.TakeDescriptor(0)!;
        Assert.Null(EventFd.FromFile(taken));
        Assert.True(taken.IsClosed);
    }

    [Fact]
    public void Messages_SentBeforeOneIsReceived_EachArriveWithTheirOwnDescriptors()
    {
        using EventFd first = new();
        using EventFd second = new();
        Assert.True(_client.TrySend(new MessageHeader { Id = 1 }, "one"u8));
        Assert.True(_client.TrySend(new MessageHeader { Id = 2 }, "second"u8, default, [first]));
        Assert.True(_client.TrySend(new MessageHeader { Id = 3 }));
        Assert.True(_client.TrySend(new MessageHeader { Id = 4 }, new byte[9000], default, [second, second]));
        Assert.True(_client.TrySend(new MessageHeader { Id = 5 }, "five"u8));

        int[] descriptors = [0, 1, 0, 2, 0];
        int[] lengths = [3, 6, 0, 9000, 4];
        for (int i = 0; i < descriptors.Length; i++)
        {
            Assert.True(_server.TryWait(TimeSpan.Zero));
            Assert.True(_server.TryReceive(_received));
            Assert.Equal(i + 1, _received.Header.Id);
            Assert.Equal(lengths[i], _received.Body.Length);
            Assert.Equal(descriptors[i], _received.DescriptorCount);
            if (descriptors[i] != 0)
            {
                using EventFd taken = EventFd.FromFile(_received.TakeDescriptor(0)!)!;
                taken.Signal();
                Assert.True((i == 1 ? first : second).TryConsume());
            }
        }

        Assert.False(_server.TryWait(TimeSpan.Zero));
    }

    [Fact]
    public void Message_ThatComesByteByByte_IsOne()
    {
        byte[] bytes = new byte[MessageHeader.Length + 3];
        MemoryMarshal.Write(bytes, new MessageHeader { Id = 9, Size = (uint)bytes.Length });
        "abc"u8.CopyTo(bytes.AsSpan(MessageHeader.Length));
        (MessageSocket socket, RawPeer peer) = RawPeer.Pair();
        using (socket)
        using (peer)
        {
            Thread sender = new(() =>
            {
                for (int i = 0; i < bytes.Length; i++)
                {
                    peer.Send(bytes.AsSpan(i, 1));
                }
            });
            sender.Start();
            Assert.True(socket.TryReceive(_received));
            sender.Join();
            Assert.Equal(9, _received.Header.Id);
            Assert.True(_received.Body.SequenceEqual("abc"u8));
        }
    }

    [Fact]
    public async Task EventFd_ThatItsMakerFillsAndHasBlock_HoldsNobodyUp()
    {
        using EventFd counter = new();
        Assert.True(_client.TrySend(default, descriptors: [counter]));
        Assert.True(_server.TryReceive(_received));
        using EventFd foreign = EventFd.FromFile(_received.TakeDescriptor(0)!)!;
        FillAndBlock(counter.Descriptor);
        await Task.Run(foreign.Signal, TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        Assert.True(counter.TryConsume());
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(15u)]
    [InlineData(MessageSocket.MaxMessage + 1u)]
    [InlineData(uint.MaxValue)]
    public void Size_ThatCannotBe_EndsTheConnection(uint size)
    {
        byte[] header = new byte[MessageHeader.Length];
        MemoryMarshal.Write(header, new MessageHeader { Size = size });
        (MessageSocket socket, RawPeer peer) = RawPeer.Pair();
        using (socket)
        using (peer)
        {
            peer.Send(header);
            Assert.False(socket.TryReceive(_received));
        }
    }

    [Fact]
    public void Message_ThatIsCutOff_IsNone()
    {
        byte[] header = new byte[MessageHeader.Length + 3];
        MemoryMarshal.Write(header, new MessageHeader { Size = MessageHeader.Length + 4 });
        (MessageSocket socket, RawPeer peer) = RawPeer.Pair();
        peer.Send(header);
        peer.Dispose();
        using (socket)
        {
            Assert.False(socket.TryReceive(_received));
            Assert.False(socket.TrySend(default));
        }
    }

    [Fact]
    public void Peer_ThatIsGone_IsNoSignal()
    {
        _server.Dispose();
        Assert.False(_client.TryReceive(_received));
        Assert.False(_client.TrySend(default));
    }

    [Theory]
    [InlineData("")]
    [InlineData("\0\0")]
    [InlineData("\u0001\0\0\0{}")]
    [InlineData("\0\0\u0001\0{\0")]
    [InlineData("\0\0\u0001\0{}")]
    [InlineData("\0\0\u0001\0\"\0")]
    [InlineData("\0\0\u0001\0[]\0")]
    [InlineData("\0\0\u0001\0{\"capabilities\":7}\0")]
    [InlineData("\0\0\u0001\0{\"capabilities\":\"23\"}\0")]
    [InlineData("\0\0\u0001\0{\"capabilities\":{\"max_msg_fds\":\"many\"}}\0")]
    [InlineData("\0\0\u0001\0{\"capabilities\":{\"max_msg_fds\":-5}}\0")]
    [InlineData("\0\0\u0001\0{\"capabilities\":{\"max_msg_fds\":1.5}}\0")]
    [InlineData("\0\0\u0001\0{\"capabilities\":{\"max_data_xfer_size\":0}}\0")]
    [InlineData("\0\0\u0001\0{\"capabilities\":{\"viaduct\":{\"holder\":\"")]
    public void Version_ThatIsNone_IsRefused(string body) => Assert.Null(VersionOffer.Parse([.. body.Select(c => (byte)c)]));

    [Theory]
    [InlineData("\0\0\u0001\0")]
    [InlineData("\0\0\u0001\0\0")]
    [InlineData("\0\0\u0001\0{}\0")]
    [InlineData("\0\0\u0001\0{\"capabilities\":{\"viaduct\":3}}\0")]
    public void Version_ThatSaysNothing_IsTakenAsTheDefault(string body) => Assert.Equal(new VersionOffer(), VersionOffer.Parse([.. body.Select(c => (byte)c)]));

    [Fact]
    public void Version_IsReadAsItWasWritten()
    {
        VersionOffer offer = new() { MaxDescriptors = 16, MaxTransfer = 65536, IsViaduct = true, Holder = "guest \"a\"", IsShared = true };
        Assert.Equal(offer, VersionOffer.Parse(offer.Format()));
        Assert.Equal(64, VersionOffer.Parse("\0\0\u0001\0{\"capabilities\":{\"max_msg_fds\":5000000000}}\0"u8)!.MaxDescriptors);
        Assert.Equal(512, VersionOffer.Parse("\0\0\u0001\0{\"capabilities\":{\"max_data_xfer_size\":512}}\0"u8)!.MaxTransfer);
    }

    private static unsafe void FillAndBlock(int descriptor)
    {
        const int SetFlags = 4;
        const ulong Full = ulong.MaxValue - 1;
        ulong value = Full;
        Assert.Equal(0, fcntl(descriptor, SetFlags, 0));
        Assert.Equal(sizeof(ulong), write(descriptor, &value, sizeof(ulong)));
    }

    [LibraryImport("libc")]
    private static partial int fcntl(int descriptor, int command, int argument);

    [LibraryImport("libc")]
    private static unsafe partial nint write(int descriptor, void* bytes, nuint count);
}
