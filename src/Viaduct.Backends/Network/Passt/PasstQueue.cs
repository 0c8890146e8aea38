using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Viaduct.Backends.Interop;
using Viaduct.Backends.Network.Frames;
using Viaduct.Backends.Waiting;
using Viaduct.Platform.Dma;
using Viaduct.Platform.Host;

namespace Viaduct.Backends.Network.Passt;

/// <summary>Frames over passt's stream: a length of 32 bits, most significant byte first, then the frame.</summary>
internal sealed unsafe class PasstQueue : INetworkQueue
{
    private const int LengthField = sizeof(uint);
    private const int ReadAhead = 4 * FrameLimits.MaximumLength;

    private readonly PasstBackend _backend;
    private readonly DescriptorWait _wait = new();
    private readonly FrameBuffer _read = new(ReadAhead);
    private readonly FrameBuffer _unsent = new(LengthField + FrameLimits.MaximumLength);
    private readonly DescriptorHold _socket = new();
    private bool _broken;
    private int _readStart;
    private int _readEnd;
    private int _unsentStart;
    private int _unsentEnd;
    private Range _frame;
    private bool _disposed;

    internal PasstQueue(PasstBackend backend) => _backend = backend;

    public ReceivedFrame Received => new(_read.Span[_frame], default);

    public SendStatus Send(in OffloadHeader offload, ReadOnlySpan<HostSegment> frame)
    {
        if (!TryFollow())
        {
            return SendStatus.LinkDown;
        }

        if (!TrySendRest())
        {
            return _broken ? SendStatus.LinkDown : SendStatus.Full;
        }

        uint length = 0;
        HostSegment* segments = stackalloc HostSegment[FrameLimits.MaximumSegments + 1];
        for (int i = 0; i < frame.Length; i++)
        {
            segments[i + 1] = frame[i];
            length += (uint)frame[i].Length;
        }

        uint prefix = BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(length) : length;
        segments[0] = new HostSegment(&prefix, LengthField);
        int sent = SendNow(segments, frame.Length + 1);
        if (sent < 0)
        {
            return _broken ? SendStatus.LinkDown : SendStatus.Full;
        }

        if (sent < LengthField + length)
        {
            KeepRest(new ReadOnlySpan<HostSegment>(segments, frame.Length + 1), sent);
        }

        return SendStatus.Sent;
    }

    public void Flush()
    {
        if (TryFollow())
        {
            _ = TrySendRest();
        }
    }

    public bool TryReceive()
    {
        if (!TryFollow())
        {
            return false;
        }

        while (true)
        {
            int available = _readEnd - _readStart;
            if (available >= LengthField)
            {
                uint length = BinaryPrimitives.ReadUInt32BigEndian(_read.Span[_readStart..]);
                if (length is 0 or > FrameLimits.MaximumLength)
                {
                    Break($"it sent a frame of {length} bytes");
                    return false;
                }

                if (available >= LengthField + (int)length)
                {
                    int start = _readStart + LengthField;
                    _frame = start..(start + (int)length);
                    _readStart = start + (int)length;
                    return true;
                }
            }

            if (!TryRead())
            {
                return false;
            }
        }
    }

    public void Wait(NetworkInterest interest, TimeSpan longest)
    {
        int events = (interest & NetworkInterest.Receive) != 0 ? PollCalls.POLLIN : 0;
        events |= (interest & NetworkInterest.Send) != 0 || _unsentStart != _unsentEnd ? PollCalls.POLLOUT : 0;
        bool connected = TryFollow();
        _wait.Wait(connected ? _socket.Number : -1, (short)(connected ? events : 0), longest);
        if (_unsentStart != _unsentEnd && TryFollow())
        {
            _ = TrySendRest();
        }
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
        _read.Dispose();
        _unsent.Dispose();
    }

    /// <summary>Goes over to the stream that stands now; what was under way on another is lost. False when there is none that isn't broken.</summary>
    private bool TryFollow()
    {
        if (_socket.Follow(_backend.Socket))
        {
            _readStart = _readEnd = _unsentStart = _unsentEnd = 0;
            _broken = false;
        }

        return _socket.IsHeld && !_broken;
    }

    private bool TryRead()
    {
        Span<byte> all = _read.Span;
        if (_readStart != 0)
        {
            all[_readStart.._readEnd].CopyTo(all);
            _readEnd -= _readStart;
            _readStart = 0;
        }

        HostSegment room = _read.Segment(_readEnd, _read.Capacity - _readEnd);
        while (true)
        {
            nint count = SocketCalls.recv(_socket.Number, room.Address, room.Length, SocketCalls.MSG_DONTWAIT);
            if (count > 0)
            {
                _readEnd += (int)count;
                return true;
            }

            int error = count == 0 ? Errno.ECONNRESET : Marshal.GetLastPInvokeError();
            if (error == Errno.EAGAIN)
            {
                return false;
            }

            if (error != Errno.EINTR)
            {
                Break(null);
                return false;
            }
        }
    }

    private bool TrySendRest()
    {
        while (_unsentStart != _unsentEnd)
        {
            HostSegment rest = _unsent.Segment(_unsentStart, _unsentEnd - _unsentStart);
            int sent = SendNow(&rest, 1);
            if (sent < 0)
            {
                return false;
            }

            _unsentStart += sent;
        }

        return true;
    }

    /// <summary>Bytes that the stream took; -1 when it took none, or broke.</summary>
    private int SendNow(HostSegment* segments, int count)
    {
        SocketCalls.MessageHeader message = new() { Segments = segments, SegmentCount = (nuint)count };
        while (true)
        {
            nint sent = SocketCalls.sendmsg(_socket.Number, &message, SocketCalls.MSG_DONTWAIT | SocketCalls.MSG_NOSIGNAL);
            if (sent >= 0)
            {
                return (int)sent;
            }

            switch (Marshal.GetLastPInvokeError())
            {
                case Errno.EINTR:
                    continue;
                case Errno.EAGAIN or Errno.ENOBUFS or Errno.ENOMEM:
                    return -1;
                default:
                    Break(null);
                    return -1;
            }
        }
    }

    /// <summary>Keeps what the stream didn't take of a frame that it took the beginning of.</summary>
    private void KeepRest(ReadOnlySpan<HostSegment> segments, int sent)
    {
        _unsentEnd = _unsent.Gather(segments);
        _unsentStart = sent;
    }

    private void Break(string? reason)
    {
        _broken = true;
        _unsentStart = _unsentEnd;
        _backend.Broken(_socket.Current!, reason);
    }
}
