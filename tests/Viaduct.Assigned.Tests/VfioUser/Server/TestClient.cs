using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Viaduct.Assigned.VfioUser.Protocol;
using Xunit;

namespace Viaduct.Assigned.Tests.VfioUser.Server;

/// <summary>A client that sends what the test wants and checks what every reply must be.</summary>
internal sealed class TestClient : IDisposable
{
    private readonly ReceivedMessage _message = new();
    private ushort _id = 0xFFF0;

    internal TestClient(string path) => Socket = MessageSocket.Connect(path);

    internal MessageSocket Socket { get; }

    /// <summary>What came with the last reply.</summary>
    internal ReceivedMessage Last => _message;

    /// <summary>Carries out a command of the server's that comes while a reply is awaited; null refuses it.</summary>
    internal Func<ReceivedMessage, byte[]?>? OnCommand { get; set; }

    /// <summary>Connects and agrees on a version.</summary>
    internal static TestClient Open(string path, bool isViaduct = false, string? holder = null, bool hasCodeMap = false)
    {
        TestClient client = new(path);
        Assert.Equal(0, client.Greet(isViaduct, holder, hasCodeMap));
        return client;
    }

    internal int Greet(bool isViaduct = false, string? holder = null, bool hasCodeMap = false) =>
        Ask(VfioUserCommand.Version, new VersionOffer { MaxDescriptors = 8, IsViaduct = isViaduct, HasCodeMap = hasCodeMap, Holder = holder }.Format());

    /// <summary>Sends a command and waits for its reply: zero, or its errno.</summary>
    internal int Ask(VfioUserCommand command, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second = default, params SafeHandle[] descriptors)
    {
        ushort id = ++_id;
        Assert.True(Socket.TrySend(new MessageHeader { Id = id, Command = command }, first, second, descriptors), "the server is gone");
        Await(id, command);
        bool failed = (_message.Header.Flags & MessageFlags.Error) != 0;
        Assert.Equal(failed, _message.Header.Error != 0);
        return (int)_message.Header.Error;
    }

    internal int Ask<T>(VfioUserCommand command, T body, ReadOnlySpan<byte> rest = default, params SafeHandle[] descriptors)
        where T : unmanaged => Ask(command, Bytes(in body), rest, descriptors);

    /// <summary>The body of the last reply.</summary>
    internal T Reply<T>()
        where T : unmanaged
    {
        Assert.True(_message.TryRead(out T value), "the reply is too short");
        return value;
    }

    internal string Text => Encoding.UTF8.GetString(_message.Body);

    internal byte[] Read(uint region, ulong offset, uint count)
    {
        Assert.Equal(0, Ask(VfioUserCommand.RegionRead, new RegionAccessMessage { Offset = offset, Region = region, Count = count }));
        Assert.Equal(new RegionAccessMessage { Offset = offset, Region = region, Count = count }, Reply<RegionAccessMessage>());
        return _message.Body[16..].ToArray();
    }

    internal int Write(uint region, ulong offset, params byte[] data) =>
        Ask(VfioUserCommand.RegionWrite, new RegionAccessMessage { Offset = offset, Region = region, Count = (uint)data.Length }, data);

    internal int Map(ulong address, ulong size, SafeFileHandle? file, ulong offset = 0, uint flags = 3) =>
        Ask(VfioUserCommand.DmaMap, new DmaMapMessage { ArgSize = 32, Flags = flags, Offset = offset, Address = address, Size = size }, default, file is null ? [] : [file]);

    internal int MapWithCodeMap(ulong address, ulong size, SafeFileHandle file, ulong offset, ulong codeMap) => Ask(
        VfioUserCommand.DmaMap,
        new DmaMapMessage { ArgSize = 40, Flags = 3, Offset = offset, Address = address, Size = size },
        Bytes(new DmaCodeMapMessage { Offset = codeMap }),
        file);

    internal int Unmap(ulong address, ulong size, uint flags = 0) =>
        Ask(VfioUserCommand.DmaUnmap, new DmaUnmapMessage { ArgSize = 24, Flags = flags, Address = address, Size = size });

    internal int SetIrqs(uint index, uint flags, uint start, uint count, params SafeHandle[] descriptors) =>
        Ask(VfioUserCommand.DeviceSetIrqs, new IrqSetMessage { ArgSize = 20, Flags = flags, Index = index, Start = start, Count = count }, default, descriptors);

    /// <summary>Waits for a command of the server's, and answers it.</summary>
    internal void ServeOne()
    {
        Assert.True(Socket.TryWait(TimeSpan.FromSeconds(20)), "nothing came");
        Assert.True(Socket.TryReceive(_message));
        Assert.False(_message.Header.IsReply);
        Answer();
    }

    /// <summary>Whether the server ends the connection.</summary>
    internal bool IsDropped()
    {
        Socket.LimitReceiving(TimeSpan.FromSeconds(20));
        while (Socket.TryReceive(_message))
        {
        }

        return Socket.IsPeerGone;
    }

    public void Dispose()
    {
        _message.Dispose();
        Socket.Dispose();
    }

    internal static ReadOnlySpan<byte> Bytes<T>(in T value)
        where T : unmanaged => MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in value));

    private void Await(ushort id, VfioUserCommand command)
    {
        while (true)
        {
            Assert.True(Socket.TryWait(TimeSpan.FromSeconds(20)), "no reply");
            Assert.True(Socket.TryReceive(_message), "the server ended the connection");
            if (_message.Header.IsReply)
            {
                Assert.Equal(id, _message.Header.Id);
                Assert.Equal(command, _message.Header.Command);
                return;
            }

            Answer();
        }
    }

    private void Answer()
    {
        byte[]? answer = OnCommand?.Invoke(_message);
        if (!_message.Header.WantsReply)
        {
            return;
        }

        MessageHeader header = new() { Id = _message.Header.Id, Command = _message.Header.Command, Flags = MessageFlags.Reply };
        if (answer is null)
        {
            header.Flags |= MessageFlags.Error;
            header.Error = 22;
        }

        Assert.True(Socket.TrySend(header, answer));
    }
}
