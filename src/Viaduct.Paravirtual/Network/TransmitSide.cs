using System.Runtime.InteropServices;
using Viaduct.Backends.Network;
using Viaduct.Backends.Network.Frames;
using Viaduct.Paravirtual.Queues;
using Viaduct.Platform.Accounting;
using Viaduct.Platform.Dma;

namespace Viaduct.Paravirtual.Network;

/// <summary>
/// The transmit half of a worker's queue pairs (virtio 1.2, 5.1.6.2): frames go from guest memory into the network's
/// queue. One that finds no room there is copied, returned to the driver, and goes out before any other.
/// </summary>
internal sealed class TransmitSide : IDisposable
{
    // As much of a frame as its flow is told by.
    private const int FlowHeaders = 128;

    private readonly INetworkQueue _network;
    private readonly NetworkSettings _settings;
    private readonly NetworkCounters _counters;
    private readonly FrameBuffer _copy = new();
    private readonly HostSegment[] _segments = new HostSegment[FrameLimits.MaximumSegments];
    private OffloadHeader _blockedOffload;
    private int _blockedLength;

    internal TransmitSide(INetworkQueue network, NetworkSettings settings, NetworkCounters counters)
    {
        _network = network;
        _settings = settings;
        _counters = counters;
    }

    /// <summary>Whether a frame waits for room.</summary>
    internal bool IsBlocked => _blockedLength != 0;

    public void Dispose() => _copy.Dispose();

    /// <summary>Takes and sends frames, a ring's length of them at most.</summary>
    /// <returns>How many chains were returned.</returns>
    internal int Serve(VirtQueue queue, int pair)
    {
        if (IsBlocked && !TrySendBlocked())
        {
            return 0;
        }

        int served = 0;
        while (!IsBlocked && served < queue.Size && queue.TryPop(out DescriptorChain chain))
        {
            Send(queue, chain, pair);
            queue.Push(chain.Token, 0);
            served++;
        }

        _network.Flush();
        return served;
    }

    private void Send(VirtQueue queue, in DescriptorChain chain, int pair)
    {
        int headerLength = _settings.HeaderLength;
        NetworkHeader header = default;
        if (chain.ReadableLength < (ulong)(headerLength + FrameLimits.EthernetHeader))
        {
            _counters.Dropped(DropReason.Malformed);
            return;
        }

        ulong length = chain.ReadableLength - (ulong)headerLength;
        if (length > FrameLimits.MaximumLength)
        {
            _counters.Dropped(DropReason.TooLong);
            return;
        }

        if (!chain.TryRead(0, MemoryMarshal.AsBytes(new Span<NetworkHeader>(ref header))[..headerLength])
            || !TryMap(chain, headerLength, (int)length, out ReadOnlySpan<HostSegment> frame))
        {
            _counters.Dropped(DropReason.NotMemory);
            queue.Break(QueueError.BufferNotMemory);
            return;
        }

        if (!MayLeave(ref header.Offload))
        {
            _counters.Dropped(DropReason.Malformed);
            return;
        }

        if (_settings.Steering.Learns)
        {
            Span<byte> headers = stackalloc byte[(int)Math.Min(length, FlowHeaders)];
            if (chain.TryRead((ulong)headerLength, headers))
            {
                _settings.Steering.Sent(headers, pair);
            }
        }

        SendStatus status = _network.Send(header.Offload, frame);
        if (status == SendStatus.Full)
        {
            // Segments of the copy itself stay where they are.
            _blockedLength = _copy.Gather(frame);
            _blockedOffload = header.Offload;
            return;
        }

        Count(status, (int)length);
    }

    private bool TrySendBlocked()
    {
        SendStatus status = _network.Send(_blockedOffload, [_copy.Segment(0, _blockedLength)]);
        if (status == SendStatus.Full)
        {
            return false;
        }

        Count(status, _blockedLength);
        _blockedLength = 0;
        return true;
    }

    /// <summary>Finds the frame's bytes on the host; copies them where they are another process's, or too scattered.</summary>
    private bool TryMap(in DescriptorChain chain, int offset, int length, out ReadOnlySpan<HostSegment> frame)
    {
        int count = 0;
        if (chain.TryMapReadable((ulong)offset, (ulong)length, _segments, ref count))
        {
            frame = _segments.AsSpan(0, count);
            return true;
        }

        _segments[0] = _copy.Segment(0, length);
        frame = _segments.AsSpan(0, 1);
        return chain.TryRead((ulong)offset, _copy.Span[..length]);
    }

    /// <summary>Whether the driver may leave to the device what it does; takes away what is said to receivers only.</summary>
    private bool MayLeave(ref OffloadHeader offload)
    {
        offload.Flags &= OffloadFlags.NeedsChecksum;
        ulong needs = offload.Flags == OffloadFlags.None ? 0 : NetworkFeature.Checksum;
        needs |= offload.GsoProtocol switch
        {
            GsoType.None => 0,
            GsoType.Tcp4 => NetworkFeature.HostTso4,
            GsoType.Tcp6 => NetworkFeature.HostTso6,
            GsoType.Udp => NetworkFeature.HostUso,
            _ => ulong.MaxValue,
        };
        needs |= (offload.Gso & GsoType.Ecn) != 0 ? NetworkFeature.HostEcn : 0;
        return (needs & ~_settings.Features) == 0;
    }

    private void Count(SendStatus status, int length)
    {
        switch (status)
        {
            case SendStatus.Sent:
                _counters.Sent(length);
                break;
            case SendStatus.LinkDown:
                _counters.Dropped(DropReason.LinkDown);
                break;
            case SendStatus.TooLong:
                _counters.Dropped(DropReason.TooLong);
                break;
            case SendStatus.Malformed:
                _counters.Dropped(DropReason.Malformed);
                break;
            default:
                _counters.Dropped(DropReason.Failed);
                break;
        }
    }
}
