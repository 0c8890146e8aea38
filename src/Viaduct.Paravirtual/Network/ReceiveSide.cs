using System.Runtime.InteropServices;
using Viaduct.Backends.Network;
using Viaduct.Paravirtual.Network.Steering;
using Viaduct.Paravirtual.Queues;
using Viaduct.Platform.Accounting;

namespace Viaduct.Paravirtual.Network;

/// <summary>The receive half of a queue pair (virtio 1.2, 5.1.6.4). Worker only.</summary>
internal sealed class ReceiveSide
{
    private readonly NetworkSettings _settings;
    private readonly NetworkCounters _counters;
    private readonly ReceiveBuffers _buffers = new();

    internal ReceiveSide(NetworkSettings settings, NetworkCounters counters)
    {
        _settings = settings;
        _counters = counters;
    }

    /// <summary>Buffers that were taken from the queue and not returned.</summary>
    internal int Held => _buffers.Count;

    /// <summary>Returns what was taken.</summary>
    internal void GiveBack(VirtQueue queue) => _buffers.GiveBack(queue);

    /// <summary>Puts a frame into the driver's buffers.</summary>
    /// <param name="queue">The receive queue.</param>
    /// <param name="frame">The frame.</param>
    /// <param name="hash">Its hash.</param>
    /// <param name="mayWait">Whether it may be offered again once there are buffers; else it is dropped.</param>
    /// <param name="waits">Whether it is to be offered again.</param>
    /// <returns>Whether the driver has it.</returns>
    internal bool TryPut(VirtQueue queue, ReceivedFrame frame, FlowHash hash, bool mayWait, out bool waits)
    {
        waits = false;
        int headerLength = _settings.HeaderLength;
        bool mergeable = _settings.Has(NetworkFeature.MergeableBuffers);
        ReceiveRoom room = _buffers.Gather(queue, headerLength + frame.Bytes.Length, mergeable);
        if (room == ReceiveRoom.Enough)
        {
            NetworkHeader header = new()
            {
                Offload = frame.Offload,
                Buffers = (ushort)_buffers.Count,
                Hash = hash.Value,
                HashReport = hash.Report,
            };
            ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(new ReadOnlySpan<NetworkHeader>(in header))[..headerLength];
            if (_buffers.TryFill(queue, bytes, frame.Bytes))
            {
                _counters.Received(frame.Bytes.Length);
                return true;
            }

            _counters.Dropped(DropReason.NotMemory);
            return false;
        }

        waits = mayWait && room == ReceiveRoom.NotYet && queue.Error == QueueError.None;
        if (!waits)
        {
            _counters.Dropped(room == ReceiveRoom.NotYet ? DropReason.NoBuffer : DropReason.TooLong);
            if (room == ReceiveRoom.TooSmall)
            {
                _buffers.GiveBack(queue);
            }
        }

        return false;
    }
}
