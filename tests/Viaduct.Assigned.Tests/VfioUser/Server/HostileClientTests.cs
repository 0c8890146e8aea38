using System.Buffers.Binary;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using FsCheck;
using FsCheck.Fluent;
using Viaduct.Assigned.VfioUser.Protocol;
using Viaduct.Platform.Host;
using Viaduct.Platform.Memory;
using Xunit;

namespace Viaduct.Assigned.Tests.VfioUser.Server;

/// <summary>Clients that mean harm, or were killed: the server answers with an errno or ends the connection, serves the next, and keeps nothing.</summary>
[Collection(CountsDescriptors.Name)]
public sealed class HostileClientTests : IDisposable
{
    private static readonly ushort[] _commands = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 0x4001, 0x4002, 0x4003, 0xFFFF];

    private readonly ServedDevice _device = new();
    private readonly HostMemory _ram = new("ram", 0x10000);
    private readonly EventFd _eventFd = new();

    public void Dispose()
    {
        _device.Dispose();
        _ram.Dispose();
        _eventFd.Dispose();
    }

    [Fact]
    public void RandomMessages_EndInADefinedWay() =>
        Prop.ForAll(Gen.Choose(0, int.MaxValue).ToArbitrary(), seed =>
        {
            using (TestClient client = TestClient.Open(_device.Path, isViaduct: (seed & 1) != 0, hasCodeMap: (seed & 2) != 0))
            {
                Misbehave(client.Socket, new Random(seed));
            }

            return StillServes();
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(150));

    [Fact]
    public void RandomBytes_EndInADefinedWay() =>
        Prop.ForAll(Gen.Choose(0, int.MaxValue).ToArbitrary(), seed =>
        {
            Random random = new(seed);
            byte[] bytes = new byte[random.Next(1, 200)];
            random.NextBytes(bytes);
            using (Socket socket = Connect())
            {
                socket.Send(random.Next(2) == 0 ? bytes : [.. Greeting(), .. bytes]);
                socket.Shutdown(SocketShutdown.Send);
            }

            return StillServes();
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(100));

    [Theory]
    [InlineData(0u)]
    [InlineData(15u)]
    [InlineData((1u << 20) + 257)]
    [InlineData(uint.MaxValue)]
    public void ImpossibleSizes_EndTheConnection(uint size)
    {
        using Socket socket = Connect();
        socket.Send(Greeting());
        byte[] header = new byte[16];
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(2), 9);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(4), size);
        socket.Send(header);
        Assert.True(IsClosed(socket));
        Assert.True(StillServes());
    }

    [Fact]
    public void MessageInPieces_IsOneMessage()
    {
        using Socket socket = Connect();
        foreach (byte piece in Greeting())
        {
            socket.Send([piece]);
        }

        byte[] header = new byte[16];
        Assert.Equal(16, socket.Receive(header));
        Assert.Equal(1, header[8]);
    }

    [Fact]
    public void HalfAMessage_IsNone()
    {
        for (int length = 1; length < 36; length += 5)
        {
            using Socket socket = Connect();
            byte[] greeting = Greeting();
            socket.Send([.. greeting, .. greeting.AsSpan(0, Math.Min(length, greeting.Length - 1))]);
            socket.Close();
            Assert.True(StillServes());
        }
    }

    [Fact]
    public void MoreDescriptorsThanFit_EndTheConnectionOrAreClosed()
    {
        int before = OpenDescriptors();
        SafeHandle[] many = [.. Enumerable.Repeat<SafeHandle>(_eventFd, MessageSocket.MaxDescriptors)];
        for (int i = 0; i < 20; i++)
        {
            using TestClient client = TestClient.Open(_device.Path);
            Assert.Equal(0, client.Ask(VfioUserCommand.DeviceReset, default, default, many));
            Assert.Equal(22, client.Map(0, 0x1000, _ram.File, flags: 0));
            Assert.Equal(22, client.Ask(VfioUserCommand.DmaMap, new DmaMapMessage { ArgSize = 32, Flags = 3, Size = 0x1000 }, default, _ram.File, _ram.File));
            Assert.Equal(22, client.SetIrqs(2, IrqSetMessage.Trigger | IrqSetMessage.DataEventFd, 0, 4, many));
        }

        _device.AwaitFree();
        AwaitDescriptors(before + 3);
    }

    [Fact]
    public void ThousandClients_LeaveNothing()
    {
        for (int i = 0; i < 50; i++)
        {
            UseAll(i);
        }

        _device.AwaitFree();
        GC.Collect();
        int descriptors = OpenDescriptors();
        int maps = File.ReadLines("/proc/self/maps").Count();
        for (int i = 0; i < 1000; i++)
        {
            UseAll(i);
        }

        _device.AwaitFree();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        AwaitDescriptors(descriptors + 3);
        Assert.InRange(File.ReadLines("/proc/self/maps").Count(), 0, maps + 100);
    }

    [Fact]
    public void SilentConnections_DontKeepOthersOut()
    {
        List<Socket> silent = [.. Enumerable.Range(0, 10).Select(_ => Connect())];
        Assert.True(StillServes());
        silent.ForEach(socket => socket.Dispose());
    }

    [Fact]
    public void ClientThatReadsNothing_HoldsNobodyUp()
    {
        using (Socket socket = Connect())
        {
            socket.Send(Greeting());
            socket.SendTimeout = 200;
            byte[] read = Message(9, 0, [0, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0x10, 0, 0]);
            try
            {
                for (int i = 0; i < 100_000; i++)
                {
                    socket.Send(read);
                }
            }
            catch (SocketException)
            {
                // Full both ways.
            }
        }

        Assert.True(StillServes());
    }

    // The server closes what a client left behind after it is free for the next.
    private static void AwaitDescriptors(int most) =>
        Assert.True(SpinWait.SpinUntil(() => OpenDescriptors() <= most, TimeSpan.FromSeconds(30)), "Descriptors stay open");

    private static int OpenDescriptors() => Directory.GetFiles("/proc/self/fd").Length;

    private static bool IsClosed(Socket socket)
    {
        socket.ReceiveTimeout = 20_000;
        byte[] bytes = new byte[4096];
        while (true)
        {
            int count;
            try
            {
                count = socket.Receive(bytes);
            }
            catch (SocketException error)
            {
                return error.SocketErrorCode == SocketError.ConnectionReset;
            }

            if (count == 0)
            {
                return true;
            }
        }
    }

    private static byte[] Greeting() => Message(1, 0, [0, 0, 1, 0, .. "{}"u8, 0]);

    private static byte[] Message(ushort command, uint flags, ReadOnlySpan<byte> body)
    {
        byte[] message = new byte[16 + body.Length];
        BinaryPrimitives.WriteUInt16LittleEndian(message.AsSpan(2), command);
        BinaryPrimitives.WriteInt32LittleEndian(message.AsSpan(4), message.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(message.AsSpan(8), flags);
        body.CopyTo(message.AsSpan(16));
        return message;
    }

    // Like a driver's life, and then gone without a word.
    private void UseAll(int round)
    {
        using TestClient client = TestClient.Open(_device.Path, isViaduct: (round & 1) != 0);
        Assert.Equal(0, client.Write(7, 4, 6, 0));
        Assert.Equal(0, client.Map(0, 0x8000, _ram.File));
        Assert.Equal(0, client.Map(0x10000, 0x1000, null));
        Assert.Equal(0, client.SetIrqs(2, IrqSetMessage.Trigger | IrqSetMessage.DataEventFd, 0, 2, _eventFd, _eventFd));
        Assert.Equal(0, client.Ask(VfioUserCommand.DeviceGetRegionIoFds, new RegionIoFdsMessage { ArgSize = 64 }));
        Assert.True(_device.Dma.TryWrite(0x100, round));
    }

    private void Misbehave(MessageSocket socket, Random random)
    {
        SafeHandle[] some = [_eventFd, _ram.File, _device.Shared.File];
        int count = random.Next(1, 40);
        for (int i = 0; i < count; i++)
        {
            byte[] body = new byte[random.Next(0, 70)];
            random.NextBytes(body);
            if (random.Next(3) != 0)
            {
                // Small numbers get further than large ones.
                for (int at = 0; at < body.Length; at++)
                {
                    body[at] = (at & 3) == 0 ? (byte)random.Next(0, 40) : at % 8 == 1 ? (byte)(random.Next(4) << 4) : (byte)0;
                }
            }

            MessageHeader header = new()
            {
                Id = (ushort)random.Next(),
                Command = (VfioUserCommand)_commands[random.Next(_commands.Length)],
                Flags = (MessageFlags)(random.Next(4) == 0 ? random.Next(0, 64) : random.Next(2) * 16),
            };
            if (!socket.TrySend(header, body, default, some.AsSpan(0, random.Next(0, some.Length + 1))))
            {
                return;
            }

            _ = _device.Dma.TryRead((ulong)random.Next(0, 0x10000), out byte _);
        }
    }

    private bool StillServes()
    {
        using TestClient client = TestClient.Open(_device.Path);
        return client.Read(7, 0, 4) is [0x34, 0x12, 0x11, 0];
    }

    private Socket Connect()
    {
        Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Connect(new UnixDomainSocketEndPoint(_device.Path));
        return socket;
    }
}
