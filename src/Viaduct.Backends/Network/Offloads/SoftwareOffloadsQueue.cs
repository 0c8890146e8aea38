using Viaduct.Backends.Network.Frames;
using Viaduct.Platform.Dma;
using Viaduct.Platform.Host;

namespace Viaduct.Backends.Network.Offloads;

/// <summary>A queue of <see cref="SoftwareOffloads"/>. Checks each frame that is sent, too, since it is the last that sees what the guest said of it.</summary>
internal sealed class SoftwareOffloadsQueue : INetworkQueue
{
    private readonly SoftwareOffloads _backend;
    private readonly INetworkQueue _inner;
    private readonly FrameBuffer _sent = new();
    private readonly FrameBuffer _sentHeaders = new(FrameSegmenter.MaximumHeaders);
    private readonly FrameBuffer _made = new();
    private readonly FrameSegmenter _sending = new();
    private readonly FrameSegmenter _receiving = new();
    private int _sentLength;
    private int _waitingHeaders;
    private Range _waitingPayload;
    private int _madeLength;
    private OffloadHeader _madeOffload;
    private bool _isMade;
    private bool _cutting;

    internal SoftwareOffloadsQueue(SoftwareOffloads backend, INetworkQueue inner)
    {
        _backend = backend;
        _inner = inner;
    }

    /// <inheritdoc/>
    public ReceivedFrame Received =>
        _isMade ? new ReceivedFrame(_made.Span[.._madeLength], _madeOffload) : WithoutHints(_inner.Received);

    // A frame of which some pieces are out and the next found no room.
    private bool IsSending => _waitingHeaders != 0;

    /// <inheritdoc/>
    public SendStatus Send(in OffloadHeader offload, ReadOnlySpan<HostSegment> frame)
    {
        ulong length = 0;
        foreach (ref readonly HostSegment segment in frame)
        {
            length += segment.Length;
        }

        if (length > FrameLimits.MaximumLength)
        {
            return SendStatus.TooLong;
        }

        if (length < FrameLimits.EthernetHeader || !offload.FitsIn((int)length))
        {
            return SendStatus.Malformed;
        }

        if (IsSending && !TryGoOn(out _))
        {
            return SendStatus.Full;
        }

        if (offload.IsComplete)
        {
            return _inner.Send(default, frame);
        }

        return (offload.Needs & ~_backend.InnerOffloads) == 0 ? _inner.Send(offload, frame) : SendInSoftware(offload, frame);
    }

    /// <inheritdoc/>
    public void Flush()
    {
        if (IsSending)
        {
            _ = TryGoOn(out _);
        }

        _inner.Flush();
    }

    /// <inheritdoc/>
    public bool TryReceive()
    {
        while (true)
        {
            if (_cutting && TryMakeNext())
            {
                return true;
            }

            _cutting = false;
            _isMade = false;
            if (!_inner.TryReceive())
            {
                return false;
            }

            if (TryTake(_inner.Received))
            {
                return true;
            }
        }
    }

    /// <inheritdoc/>
    public void Wait(NetworkInterest interest, TimeSpan longest)
    {
        if (_cutting && (interest & NetworkInterest.Receive) != 0)
        {
            return;
        }

        _inner.Wait(IsSending ? interest | NetworkInterest.Send : interest, longest);
        if (IsSending && TryGoOn(out _))
        {
            _inner.Flush();
        }
    }

    /// <inheritdoc/>
    public void Wake() => _inner.Wake();

    /// <inheritdoc/>
    public EventFd? Bell => _inner.Bell;

    /// <inheritdoc/>
    public ulong TakeRings() => _inner.TakeRings();

    /// <inheritdoc/>
    public void Dispose()
    {
        _inner.Dispose();
        _sent.Dispose();
        _sentHeaders.Dispose();
        _made.Dispose();
    }

    private SendStatus SendInSoftware(in OffloadHeader offload, ReadOnlySpan<HostSegment> frame)
    {
        _sentLength = _sent.Gather(frame);
        Span<byte> bytes = _sent.Span[.._sentLength];
        if (offload.Gso == GsoType.None)
        {
            InternetChecksum.Complete(bytes, offload);
            return _inner.Send(default, [_sent.Segment(0, _sentLength)]);
        }

        if (!_sending.TryBegin(bytes, offload))
        {
            return SendStatus.Malformed;
        }

        _ = TryGoOn(out SendStatus status);
        return status;
    }

    /// <summary>Sends pieces until all are out, or there is no room. What has begun counts as sent: the rest is kept.</summary>
    private bool TryGoOn(out SendStatus status)
    {
        status = SendStatus.Sent;
        while (IsSending || TryCut())
        {
            ReadOnlySpan<HostSegment> piece =
            [
                _sentHeaders.Segment(0, _waitingHeaders),
                _sent.Segment(_waitingPayload.Start.Value, _waitingPayload.End.Value - _waitingPayload.Start.Value),
            ];
            SendStatus each = _inner.Send(default, piece);
            if (each == SendStatus.Full)
            {
                return false;
            }

            // A piece that is lost is as one lost on the wire; the others may still be of use.
            status = each;
            _waitingHeaders = 0;
        }

        return true;
    }

    private bool TryCut()
    {
        if (!_sending.TryNext(_sent.Span[.._sentLength], out ReadOnlySpan<byte> headers, out _waitingPayload))
        {
            return false;
        }

        headers.CopyTo(_sentHeaders.Span);
        _waitingHeaders = headers.Length;
        return true;
    }

    private bool TryTake(in ReceivedFrame frame)
    {
        OffloadHeader offload = frame.Offload;
        if (!offload.FitsIn(frame.Bytes.Length))
        {
            _backend.CountMalformed();
            return false;
        }

        if (offload.IsComplete || (offload.Needs & ~_backend.Accepted) == 0)
        {
            return true;
        }

        if (offload.Gso != GsoType.None)
        {
            _cutting = _receiving.TryBegin(frame.Bytes, offload);
            if (!_cutting)
            {
                _backend.CountMalformed();
            }

            return _cutting && TryMakeNext();
        }

        frame.Bytes.CopyTo(_made.Span);
        InternetChecksum.Complete(_made.Span[..frame.Bytes.Length], offload);
        Made(frame.Bytes.Length);
        return true;
    }

    private bool TryMakeNext()
    {
        ReadOnlySpan<byte> frame = _inner.Received.Bytes;
        if (!_receiving.TryNext(frame, out ReadOnlySpan<byte> headers, out Range payload))
        {
            return false;
        }

        headers.CopyTo(_made.Span);
        frame[payload].CopyTo(_made.Span[headers.Length..]);
        Made(headers.Length + payload.End.Value - payload.Start.Value);
        return true;
    }

    private void Made(int length)
    {
        _madeLength = length;
        _madeOffload = new OffloadHeader { Flags = HintsFor(OffloadFlags.DataValid) };
        _isMade = true;
    }

    /// <summary>Takes away what a device that accepts nothing has no place for.</summary>
    private ReceivedFrame WithoutHints(ReceivedFrame frame) => frame.Offload.IsComplete
        ? new ReceivedFrame(frame.Bytes, new OffloadHeader { Flags = HintsFor(frame.Offload.Flags & OffloadFlags.DataValid) })
        : frame;

    private OffloadFlags HintsFor(OffloadFlags flags) =>
        (_backend.Accepted & NetworkOffloads.Checksum) != 0 ? flags : OffloadFlags.None;
}
