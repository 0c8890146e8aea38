using Viaduct.Paravirtual.Queues;
using Viaduct.Paravirtual.Workers;
using Viaduct.Platform.Accounting;

namespace Viaduct.Paravirtual.Entropy;

/// <summary>Fills the driver's buffers with random bytes (virtio 1.2, 5.4.6).</summary>
internal sealed class EntropyWork : SignalledQueueWork
{
    /// <summary>Bytes a request is given at most; a device may give fewer than were asked for.</summary>
    internal const int MaximumAnswer = 64 << 10;

    private const int Piece = 256;

    private readonly DeviceCounters _counters;

    internal EntropyWork(DeviceCounters counters)
        : base(1, counters) => _counters = counters;

    protected override bool Wants(int slot) => true;

    protected override bool Serve(int slot, VirtQueue queue)
    {
        bool worked = false;
        for (int budget = queue.Size; budget > 0 && queue.TryPop(out DescriptorChain chain); budget--)
        {
            worked = true;
            Answer(queue, chain);
        }

        return worked;
    }

    private void Answer(VirtQueue queue, in DescriptorChain chain)
    {
        // Through a buffer of our own: a driver that watches its memory sees each byte once.
        Span<byte> piece = stackalloc byte[Piece];
        int length = (int)Math.Min(chain.WritableLength, MaximumAnswer);
        if (length == 0)
        {
            queue.Break(QueueError.NoRoomForAnswer);
            return;
        }

        for (int done = 0; done < length; done += Piece)
        {
            Span<byte> part = piece[..Math.Min(Piece, length - done)];
            HostRandom.Fill(part);
            if (!chain.TryWrite((ulong)done, part))
            {
                queue.Break(QueueError.AnswerNotMemory);
                return;
            }
        }

        _counters.BackendOperation((ulong)length);
        _counters.Request();
        queue.Push(chain.Token, (uint)length);
    }
}
