using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Viaduct.Backends.Interop;
using Viaduct.Backends.Network.Frames;
using Viaduct.Backends.Waiting;
using Viaduct.Platform.Dma;
using Viaduct.Platform.Host;

namespace Viaduct.Backends.Network.Switch;

/// <summary>The queue of a port: a message a frame, with the offload header before it.</summary>
internal sealed unsafe class SwitchQueue : INetworkQueue
{
    private readonly SwitchBackend _backend;
    private readonly DescriptorHold _socket = new();
    private readonly DescriptorWait _wait = new();
    private readonly FrameBuffer _received = new(OffloadHeader.Length + FrameLimits.MaximumLength);
    private int _length;
    private bool _broken;
    private bool _disposed;

    internal SwitchQueue(SwitchBackend backend) => _backend = backend;

    public ReceivedFrame Received => new(
        _received.Span.Slice(OffloadHeader.Length, _length),
        Unsafe.ReadUnaligned<OffloadHeader>(ref _received.Span[0]));

    public SendStatus Send(in OffloadHeader offload, ReadOnlySpan<HostSegment> frame)
    {
        if (!TryFollow())
        {
            return SendStatus.LinkDown;
        }

        HostSegment* segments = stackalloc HostSegment[FrameLimits.MaximumSegments + 1];
        OffloadHeader header = offload;
        segments[0] = new HostSegment(&header, OffloadHeader.Length);
        frame.CopyTo(new Span<HostSegment>(segments + 1, FrameLimits.MaximumSegments));
        SocketCalls.MessageHeader message = new() { Segments = segments, SegmentCount = (nuint)frame.Length + 1 };
        while (true)
        {
            if (SocketCalls.sendmsg(_socket.Number, &message, SocketCalls.MSG_DONTWAIT | SocketCalls.MSG_NOSIGNAL) >= 0)
            {
                return SendStatus.Sent;
            }

            switch (Marshal.GetLastPInvokeError())
            {
                case Errno.EINTR:
                    continue;
                case Errno.EAGAIN or Errno.ENOBUFS or Errno.ENOMEM:
                    return SendStatus.Full;
                case Errno.EMSGSIZE:
                    return SendStatus.TooLong;
                case Errno.EPIPE or Errno.ECONNRESET:
                    _broken = true;
                    return SendStatus.LinkDown;
                default:
                    return SendStatus.Failed;
            }
        }
    }

    public void Flush()
    {
    }

    public bool TryReceive()
    {
        while (TryFollow())
        {
            HostSegment room = _received.Segment(0, _received.Capacity);
            nint count = SocketCalls.recv(_socket.Number, room.Address, room.Length, SocketCalls.MSG_DONTWAIT | SocketCalls.MSG_TRUNC);
            if (count > OffloadHeader.Length && (nuint)count <= room.Length)
            {
                _length = (int)count - OffloadHeader.Length;
                return true;
            }

            int error = count < 0 ? Marshal.GetLastPInvokeError() : 0;
            if (error == Errno.EAGAIN)
            {
                return false;
            }

            // A switch sends no message of nothing: that is its end. One that is too long or too short is passed over.
            _broken = count == 0 || (count < 0 && error != Errno.EINTR);
        }

        return false;
    }

    public void Wait(NetworkInterest interest, TimeSpan longest)
    {
        int events = (interest & NetworkInterest.Receive) != 0 ? PollCalls.POLLIN : 0;
        events |= (interest & NetworkInterest.Send) != 0 ? PollCalls.POLLOUT : 0;
        bool connected = TryFollow();
        _wait.Wait(connected ? _socket.Number : -1, (short)(connected ? events : 0), longest);
    }

    public void Wake() => _wait.Wake();

    public EventFd? Bell => _wait.Bell;

    public ulong TakeRings() => _wait.TakeRings();

    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        _backend.Closed();
        _socket.Dispose();
        _wait.Dispose();
        _received.Dispose();
    }

    /// <summary>Goes over to the connection that stands now. False when there is none that isn't broken.</summary>
    private bool TryFollow()
    {
        if (_socket.Follow(_backend.Socket))
        {
            _broken = false;
        }

        return _socket.IsHeld && !_broken;
    }
}
