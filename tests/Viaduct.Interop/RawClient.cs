using System.Buffers.Binary;
using System.Net.Sockets;
using Viaduct.Assigned.VfioUser.Protocol;

namespace Viaduct.Interop;

/// <summary>A vfio-user client whose bytes are what it likes.</summary>
internal sealed class RawClient(string path, Random random) : IDisposable
{
    private const int KnownCommands = 17;

    private readonly byte[] _scratch = new byte[1 << 16];
    private Socket? _socket;

    /// <summary>One thing that makes no sense, on a connection that a good version opened as a rule.</summary>
    internal void SendNonsense()
    {
        Socket socket = _socket ??= Connect();
        try
        {
            Send(socket);
            while (_socket is not null && socket.Available != 0)
            {
                _ = socket.Receive(_scratch);
            }
        }
        catch (SocketException)
        {
            // The server has ended it.
            Drop();
        }
    }

    public void Dispose() => Drop();

    private void Send(Socket socket)
    {
        switch (random.Next(9))
        {
            case 0:
                uint size = random.Next(2) == 0 ? (uint)random.Next(16) : uint.MaxValue - (uint)random.Next(1 << 30);
                _ = socket.Send(Message((ushort)random.Next(), [], size: size));
                Drop();
                break;
            case 1:
                _ = socket.Send(Message((ushort)random.Next(KnownCommands), Bytes(random.Next(40)), size: 16 + 41 + (uint)random.Next(1 << 20)));
                Drop();
                break;
            case 2:
                _ = socket.Send(Message((ushort)random.Next(), Bytes(random.Next(200))));
                break;
            case 3:
                _ = socket.Send(Message((ushort)random.Next(KnownCommands), Bytes(random.Next(64))));
                break;
            case 4:
                _ = socket.Send(Message((ushort)random.Next(9, 11), Access()));
                break;
            case 5:
                _ = socket.Send(Message((ushort)random.Next(KnownCommands), Bytes(random.Next(64)), flags: 1 + (16 * (uint)random.Next(4))));
                break;
            case 6:
                _ = socket.Send(Message((ushort)VfioUserCommand.Version, new VersionOffer { Holder = "hostile" }.Format()));
                break;
            case 7:
                byte[] read = Message((ushort)VfioUserCommand.RegionRead, [.. new byte[8], 7, 0, 0, 0, 0, 16, 0, 0]);
                for (int i = 0; i < 20; i++)
                {
                    _ = socket.Send(read);
                }

                break;
            default:
                // Sometimes gone with answers under way.
                Drop();
                break;
        }
    }

    // Offset, region, count: about right, and at edges.
    private byte[] Access()
    {
        byte[] access = new byte[16 + random.Next(16)];
        ulong[] offsets = [(ulong)random.Next(0x5000), 0xFFF, ulong.MaxValue, 0x3FFF, (ulong)random.NextInt64()];
        uint[] counts = [0, 1, 3, 4, 8, 4096, uint.MaxValue, (uint)random.Next()];
        BinaryPrimitives.WriteUInt64LittleEndian(access, offsets[random.Next(offsets.Length)]);
        BinaryPrimitives.WriteUInt32LittleEndian(access.AsSpan(8), (uint)random.Next(random.Next(4) == 0 ? int.MaxValue : 10));
        BinaryPrimitives.WriteUInt32LittleEndian(access.AsSpan(12), counts[random.Next(counts.Length)]);
        return access;
    }

    private byte[] Bytes(int count)
    {
        byte[] bytes = new byte[count];
        random.NextBytes(bytes);
        return bytes;
    }

    private byte[] Message(ushort command, byte[] body, uint flags = 0, uint? size = null)
    {
        byte[] message = new byte[MessageHeader.Length + body.Length];
        BinaryPrimitives.WriteUInt16LittleEndian(message, (ushort)random.Next());
        BinaryPrimitives.WriteUInt16LittleEndian(message.AsSpan(2), command);
        BinaryPrimitives.WriteUInt32LittleEndian(message.AsSpan(4), size ?? (uint)message.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(message.AsSpan(8), flags);
        body.CopyTo(message, MessageHeader.Length);
        return message;
    }

    private Socket Connect()
    {
        Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { ReceiveTimeout = 20_000, SendTimeout = 20_000 };
        socket.Connect(new UnixDomainSocketEndPoint(path));
        if (random.Next(8) != 0)
        {
            _ = socket.Send(Message((ushort)VfioUserCommand.Version, new VersionOffer { Holder = "hostile", IsViaduct = random.Next(2) == 0, MaxDescriptors = 16 }.Format()));
            _ = socket.Receive(_scratch);
        }

        return socket;
    }

    private void Drop()
    {
        _socket?.Dispose();
        _socket = null;
    }
}
