using Viaduct.Backends.Network;
using Viaduct.Backends.Network.Frames;
using Viaduct.Platform.Dma;

namespace Viaduct.Paravirtual.Tests.Support;

/// <summary>A queue of a <see cref="LoopNetwork"/>.</summary>
internal sealed class LoopQueue : INetworkQueue
{
    private byte[] _received = [];
    private OffloadHeader _offload;

    /// <summary>Frames that were sent, unless <see cref="Discard"/>.</summary>
    internal List<(byte[] Bytes, OffloadHeader Offload)> Sent { get; } = [];

    /// <summary>Frames to be received.</summary>
    internal Queue<(byte[] Bytes, OffloadHeader Offload)> Incoming { get; } = [];

    /// <summary>Frames that find room before the queue is full.</summary>
    internal int Room { get; set; } = int.MaxValue;

    /// <summary>Whether frames that are sent are forgotten, so that nothing is allocated.</summary>
    internal bool Discard { get; set; }

    /// <summary>What the worker waited for last.</summary>
    internal (NetworkInterest Interest, TimeSpan Longest) Waited { get; private set; }

    internal int Wakes { get; private set; }

    public ReceivedFrame Received => new(_received, _offload);

    public SendStatus Send(in OffloadHeader offload, ReadOnlySpan<HostSegment> frame)
    {
        if (Room == 0)
        {
            return SendStatus.Full;
        }

        Room--;
        if (!Discard)
        {
            List<byte> bytes = [];
            foreach (HostSegment segment in frame)
            {
                bytes.AddRange(segment.Span);
            }

            Sent.Add(([.. bytes], offload));
        }

        return SendStatus.Sent;
    }

    public void Flush()
    {
    }

    public bool TryReceive()
    {
        if (!Incoming.TryDequeue(out (byte[] Bytes, OffloadHeader Offload) next))
        {
            return false;
        }

        (_received, _offload) = next;
        return true;
    }

    public void Wait(NetworkInterest interest, TimeSpan longest) => Waited = (interest, longest);

    public void Wake() => Wakes++;

    public void Dispose()
    {
    }
}
