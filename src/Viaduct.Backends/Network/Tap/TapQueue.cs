using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Viaduct.Backends.Interop;
using Viaduct.Backends.Network.Frames;
using Viaduct.Backends.Waiting;
using Viaduct.Platform.Dma;
using Viaduct.Platform.Host;

namespace Viaduct.Backends.Network.Tap;

/// <summary>A queue of a tap: a system call a frame each way, from guest memory as it is.</summary>
internal sealed unsafe class TapQueue : INetworkQueue
{
    private readonly TapBackend _backend;
    private readonly OwnedDescriptor _descriptor;
    private readonly bool _owns;
    private readonly DescriptorWait _wait = new();
    private readonly FrameBuffer _received = new(OffloadHeader.Length + FrameLimits.MaximumLength);
    private int _length;
    private bool _lost;
    private bool _disposed;

    internal TapQueue(TapBackend backend, OwnedDescriptor descriptor, bool owns)
    {
        _backend = backend;
        _descriptor = descriptor;
        _owns = owns;
    }

    public ReceivedFrame Received => new(
        _received.Span.Slice(OffloadHeader.Length, _length),
        Unsafe.ReadUnaligned<OffloadHeader>(ref _received.Span[0]));

    public SendStatus Send(in OffloadHeader offload, ReadOnlySpan<HostSegment> frame)
    {
        if (_lost)
        {
            return SendStatus.LinkDown;
        }

        HostSegment* segments = stackalloc HostSegment[FrameLimits.MaximumSegments + 1];
        OffloadHeader header = offload;
        segments[0] = new HostSegment(&header, OffloadHeader.Length);
        frame.CopyTo(new Span<HostSegment>(segments + 1, FrameLimits.MaximumSegments));
        while (true)
        {
            if (FileCalls.writev(_descriptor.Number, segments, frame.Length + 1) >= 0)
            {
                return SendStatus.Sent;
            }

            switch (Marshal.GetLastPInvokeError())
            {
                case Errno.EINTR:
                    continue;
                case Errno.EAGAIN:
                    return SendStatus.Full;
                case Errno.EIO:
                    return SendStatus.LinkDown;
                case Errno.EBADFD:
                    Lost();
                    return SendStatus.LinkDown;
                case Errno.EINVAL:
                    return SendStatus.Malformed;
                case Errno.EMSGSIZE:
                    return SendStatus.TooLong;
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
        while (!_lost)
        {
            HostSegment room = _received.Segment(0, _received.Capacity);
            nint count = FileCalls.read(_descriptor.Number, room.Address, room.Length);
            if (count > OffloadHeader.Length)
            {
                _length = (int)count - OffloadHeader.Length;
                return true;
            }

            if (count < 0 && Marshal.GetLastPInvokeError() == Errno.EBADFD)
            {
                Lost();
            }
            else if (count < 0 && Marshal.GetLastPInvokeError() != Errno.EINTR)
            {
                return false;
            }
        }

        return false;
    }

    public void Wait(NetworkInterest interest, TimeSpan longest)
    {
        int events = (interest & NetworkInterest.Receive) != 0 ? PollCalls.POLLIN : 0;
        events |= (interest & NetworkInterest.Send) != 0 ? PollCalls.POLLOUT : 0;

        // A tap that is gone is always ready, with an error.
        _wait.Wait(_descriptor.Number, _lost ? (short)0 : (short)events, longest);
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
        _backend.Closed(_descriptor, _owns);
        if (_owns)
        {
            _descriptor.Dispose();
        }

        _wait.Dispose();
        _received.Dispose();
    }

    private void Lost()
    {
        _lost = true;
        _backend.Lost();
    }
}
