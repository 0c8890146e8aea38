using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Viaduct.Assigned.VfioUser.Interop;
using Viaduct.Platform.Host;

namespace Viaduct.Assigned.VfioUser.Protocol;

/// <summary>
/// A stream socket that carries messages whole: any thread sends, one at a time; one thread receives. What breaks the
/// framing ends the connection, for nothing after it could be trusted.
/// </summary>
public sealed unsafe class MessageSocket : IDisposable
{
    /// <summary>The most bytes of a message: an access of 1 MiB with what stands before it.</summary>
    public const int MaxMessage = (1 << 20) + 256;

    /// <summary>The most descriptors with a message.</summary>
    public const int MaxDescriptors = 64;

    private const int ControlLength = 16 + (MaxDescriptors * sizeof(int));
    private const int SendSeconds = 5;

    private readonly Lock _sending = new();
    private readonly SafeFileHandle _socket;
    private readonly MessageReader _reader;

    /// <summary>Takes over a connected UNIX stream socket.</summary>
    public MessageSocket(SafeFileHandle socket)
    {
        _socket = socket;
        _reader = new MessageReader(socket);

        // A peer that doesn't read must not hold up who sends for ever.
        SocketCalls.TimeValue limit = new() { Seconds = SendSeconds };
        _ = SocketCalls.setsockopt(socket, SocketCalls.SOL_SOCKET, SocketCalls.SO_SNDTIMEO, &limit, (uint)sizeof(SocketCalls.TimeValue));
    }

    /// <summary>Connects to a server.</summary>
    /// <exception cref="HostException">Nobody listens there, or the path is longer than a socket's can be.</exception>
    public static MessageSocket Connect(string path)
    {
        SocketCalls.UnixAddress address = SocketCalls.UnixAddress.Of(path);
        SafeFileHandle socket = SocketCalls.NewSocket();
        if (SocketCalls.connect(socket, &address, (uint)sizeof(SocketCalls.UnixAddress)) < 0)
        {
            HostException error = HostException.Last($"connect to {path}");
            socket.Dispose();
            throw error;
        }

        return new MessageSocket(socket);
    }

    /// <summary>Two sockets that are connected to each other.</summary>
    /// <exception cref="HostException">The process has no descriptor left.</exception>
    public static (MessageSocket Client, MessageSocket Server) Pair()
    {
        int* sockets = stackalloc int[2];
        return SocketCalls.socketpair(SocketCalls.AF_UNIX, SocketCalls.SOCK_STREAM | SocketCalls.SOCK_CLOEXEC, 0, sockets) < 0
            ? throw HostException.Last("socketpair")
            : (new MessageSocket(new SafeFileHandle(sockets[0], true)), new MessageSocket(new SafeFileHandle(sockets[1], true)));
    }

    /// <summary>Sends a message. False when the connection is at its end, or the peer took nothing for seconds.</summary>
    /// <param name="header">The header; its size is filled in.</param>
    /// <param name="first">What follows it.</param>
    /// <param name="second">What follows that.</param>
    /// <param name="descriptors">Descriptors that go with it, at most <see cref="MaxDescriptors"/>.</param>
    public bool TrySend(MessageHeader header, ReadOnlySpan<byte> first = default, ReadOnlySpan<byte> second = default, ReadOnlySpan<SafeHandle> descriptors = default)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(descriptors.Length, MaxDescriptors, nameof(descriptors));
        header.Size = (uint)(MessageHeader.Length + first.Length + second.Length);
        byte* control = stackalloc byte[ControlLength];
        fixed (byte* firstBytes = first)
        fixed (byte* secondBytes = second)
        {
            SocketCalls.IoVector* vectors = stackalloc SocketCalls.IoVector[3];
            vectors[0] = new SocketCalls.IoVector { Base = &header, Length = MessageHeader.Length };
            vectors[1] = new SocketCalls.IoVector { Base = firstBytes, Length = (nuint)first.Length };
            vectors[2] = new SocketCalls.IoVector { Base = secondBytes, Length = (nuint)second.Length };
            SocketCalls.MessageVector message = new() { Vectors = vectors, VectorCount = 3 };
            int held = 0;
            try
            {
                foreach (SafeHandle descriptor in descriptors)
                {
                    bool added = false;
                    descriptor.DangerousAddRef(ref added);
                    held++;
                }

                PutDescriptors(ref message, control, descriptors);
                lock (_sending)
                {
                    return TrySendAll(ref message);
                }
            }
            catch (ObjectDisposedException)
            {
                return false;
            }
            finally
            {
                for (int i = 0; i < held; i++)
                {
                    descriptors[i].DangerousRelease();
                }
            }
        }
    }

    /// <summary>Waits for a message. False when the connection is at its end or carried what is no message.</summary>
    public bool TryReceive(ReceivedMessage message) => _reader.TryReceive(message);

    /// <summary>The process at the other end, as it was when it connected; zero where the kernel doesn't say.</summary>
    public int PeerProcess
    {
        get
        {
            SocketCalls.Credentials credentials;
            uint length = (uint)sizeof(SocketCalls.Credentials);
            return SocketCalls.getsockopt(_socket, SocketCalls.SOL_SOCKET, SocketCalls.SO_PEERCRED, &credentials, &length) < 0 ? 0 : credentials.Process;
        }
    }

    /// <summary>Whether the peer has closed its end; what it sent before may still wait to be received.</summary>
    public bool IsPeerGone => (Poll(SocketCalls.POLLRDHUP, 0) & (SocketCalls.POLLHUP | SocketCalls.POLLRDHUP)) != 0;

    /// <summary>Waits until there is something to receive. False when the time ran out. On the thread that receives.</summary>
    public bool TryWait(TimeSpan limit) => _reader.HasSome || Poll(SocketCalls.POLLIN, (int)Math.Max(0, limit.TotalMilliseconds)) != 0;

    /// <summary>Lets time pass, or less where the connection ends.</summary>
    public void WaitForEnd(TimeSpan limit) => _ = Poll(SocketCalls.POLLRDHUP, (int)Math.Max(1, limit.TotalMilliseconds));

    /// <summary>Has a receive that gets no byte for some time end the connection; zero for never.</summary>
    public void LimitReceiving(TimeSpan limit)
    {
        SocketCalls.TimeValue value = new() { Seconds = limit.Ticks / TimeSpan.TicksPerSecond };
        _ = SocketCalls.setsockopt(_socket, SocketCalls.SOL_SOCKET, SocketCalls.SO_RCVTIMEO, &value, (uint)sizeof(SocketCalls.TimeValue));
    }

    /// <summary>Ends the connection both ways; who receives or sends returns. Any thread.</summary>
    public void Shutdown()
    {
        try
        {
            _ = SocketCalls.shutdown(_socket, SocketCalls.SHUT_RDWR);
        }
        catch (ObjectDisposedException)
        {
            // It has ended already.
        }
    }

    /// <summary>Closes the socket. Nobody may be receiving.</summary>
    public void Dispose()
    {
        _reader.Dispose();
        _socket.Dispose();
    }

    private short Poll(short events, int milliseconds)
    {
        bool held = false;
        try
        {
            _socket.DangerousAddRef(ref held);
            SocketCalls.PollEntry entry = new() { Descriptor = (int)_socket.DangerousGetHandle(), Events = events };
            return SocketCalls.poll(&entry, 1, milliseconds) > 0 ? entry.Returned : (short)0;
        }
        catch (ObjectDisposedException)
        {
            return SocketCalls.POLLHUP;
        }
        finally
        {
            if (held)
            {
                _socket.DangerousRelease();
            }
        }
    }

    private static void PutDescriptors(ref SocketCalls.MessageVector message, byte* control, ReadOnlySpan<SafeHandle> descriptors)
    {
        if (descriptors.IsEmpty)
        {
            return;
        }

        int length = sizeof(SocketCalls.ControlHeader) + (descriptors.Length * sizeof(int));
        *(SocketCalls.ControlHeader*)control = new SocketCalls.ControlHeader
        {
            Length = (nuint)length,
            Level = SocketCalls.SOL_SOCKET,
            Type = SocketCalls.SCM_RIGHTS,
        };
        int* numbers = (int*)(control + sizeof(SocketCalls.ControlHeader));
        for (int i = 0; i < descriptors.Length; i++)
        {
            numbers[i] = (int)descriptors[i].DangerousGetHandle();
        }

        message.Control = control;
        message.ControlLength = (nuint)((length + 7) & ~7);
    }

    private bool TrySendAll(ref SocketCalls.MessageVector message)
    {
        fixed (SocketCalls.MessageVector* pointer = &message)
        {
            while (true)
            {
                nint sent = SocketCalls.sendmsg(_socket, pointer, SocketCalls.MSG_NOSIGNAL);
                if (sent < 0)
                {
                    if (Marshal.GetLastPInvokeError() == SocketCalls.EINTR)
                    {
                        continue;
                    }

                    // Part of a message may be on its way: nothing can follow it.
                    Shutdown();
                    return false;
                }

                // Descriptors went with the first byte.
                pointer->Control = null;
                pointer->ControlLength = 0;
                if (Skip(pointer, (nuint)sent))
                {
                    return true;
                }
            }
        }
    }

    // True when nothing is left.
    private static bool Skip(SocketCalls.MessageVector* message, nuint bytes)
    {
        while (message->VectorCount != 0)
        {
            SocketCalls.IoVector* vector = message->Vectors;
            if (bytes < vector->Length)
            {
                vector->Base = (byte*)vector->Base + bytes;
                vector->Length -= bytes;
                return false;
            }

            bytes -= vector->Length;
            message->Vectors++;
            message->VectorCount--;
        }

        return true;
    }
}
