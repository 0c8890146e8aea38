using Viaduct.Platform.Dma;

namespace Viaduct.Paravirtual.Queues;

/// <summary>
/// A virtqueue as a device sees it, split or packed: chains are taken, worked on in any number and order, and returned.
/// Driven by one thread at a time. Everything the driver wrote is checked; the first thing that is wrong breaks the
/// queue, tells the host, and no chain comes any more.
/// </summary>
/// <remarks>After construction nothing is allocated, and no address of this process is kept.</remarks>
public sealed class VirtQueue
{
    private readonly IVirtioHost _host;
    private readonly Ring _ring;
    private readonly ChainBuffer _chain;
    private readonly InOrderList? _order;
    private bool _suppressed;

    /// <param name="index">Which of the device's queues it is.</param>
    /// <param name="layout">Where it is; <see cref="QueueLayout.IsValid"/>.</param>
    /// <param name="features">What was agreed on.</param>
    /// <param name="state">Where to go on: a start value, or what stopping gave.</param>
    /// <param name="dma">The device's way to memory.</param>
    /// <param name="host">Who is told of interrupts and of a broken ring.</param>
    /// <param name="chainLimit">
    /// The most descriptors a chain may have when that is more than the ring's size: drivers that were given a
    /// smaller ring than they asked for keep making indirect tables for the larger one.
    /// </param>
    public VirtQueue(int index, QueueLayout layout, RingFeatures features, QueueState state, DmaTarget dma, IVirtioHost host, int chainLimit = 0)
    {
        bool packed = (features & RingFeatures.Packed) != 0;
        if (!layout.IsValid(packed))
        {
            throw new ArgumentException($"{layout} is no layout of a ring", nameof(layout));
        }

        Index = index;
        Size = layout.Size;
        Dma = dma;
        _host = host;
        RingMemory memory = new(dma);
        bool eventIndex = (features & RingFeatures.EventIndex) != 0;
        _ring = packed ? new PackedRing(memory, layout, eventIndex, state) : new SplitRing(memory, layout, eventIndex, state);
        _chain = new ChainBuffer(dma, Math.Max(layout.Size, chainLimit), (features & RingFeatures.Indirect) != 0);
        _order = (features & RingFeatures.InOrder) != 0 ? new InOrderList(layout.Size) : null;
    }

    /// <summary>Which of the device's queues it is.</summary>
    public int Index { get; }

    /// <summary>The ring's size.</summary>
    public int Size { get; }

    /// <summary>The way to the memory in which buffers are.</summary>
    public DmaTarget Dma { get; }

    /// <summary>What broke the queue.</summary>
    public QueueError Error { get; private set; }

    /// <summary>Where the device is; of use when every chain has been returned.</summary>
    public QueueState State => _ring.State;

    /// <summary>Takes the next chain.</summary>
    /// <returns>False when there is none, or the queue is broken.</returns>
    public bool TryPop(out DescriptorChain chain)
    {
        if (Error == QueueError.None)
        {
            if (_ring.TryPop(_chain, out ChainToken token, out QueueError error))
            {
                token = _order?.Add(token) ?? token;
                chain = new DescriptorChain(Dma, token, _chain.Readable, _chain.Writable);
                return true;
            }

            Check(error);
        }

        chain = default;
        return false;
    }

    /// <summary>Returns a chain. The driver sees it at once, or after the chains before it where order was agreed on; <see cref="Signal"/> tells it.</summary>
    /// <param name="token">The chain's.</param>
    /// <param name="written">Bytes written from the beginning of the writable part on.</param>
    public void Push(ChainToken token, uint written)
    {
        if (_order is null)
        {
            PushNow(token, written);
            return;
        }

        _order.Finish(token, written);
        while (_order.TryNext(out token, out written))
        {
            PushNow(token, written);
        }
    }

    /// <summary>
    /// Returns chains that belong together, such as those of one frame: the driver sees all of them, or none. Where order
    /// was agreed on, they are returned in the order in which they were taken, after those before them.
    /// </summary>
    /// <param name="tokens">The chains', in the order in which they were taken.</param>
    /// <param name="written">Bytes written to each.</param>
    public void Push(ReadOnlySpan<ChainToken> tokens, ReadOnlySpan<uint> written)
    {
        if (tokens.IsEmpty || Error != QueueError.None)
        {
            return;
        }

        if (_order is not null && !_order.TryFinishAll(tokens))
        {
            // Some before them are still out: each goes when its turn comes.
            for (int i = 0; i < tokens.Length; i++)
            {
                Push(tokens[i], written[i]);
            }

            return;
        }

        Check(_ring.Push(tokens, written));
    }

    /// <summary>Interrupts the driver if it wants to hear of what was returned since the last call. Called once after a batch.</summary>
    public void Signal()
    {
        if (Error == QueueError.None && Check(_ring.ShouldInterrupt(out bool interrupt)) && interrupt)
        {
            _host.SignalQueue(Index);
        }
    }

    /// <summary>Says that the driver needn't notify: the device is looking anyway.</summary>
    public void SuppressNotifications()
    {
        if (!_suppressed && Error == QueueError.None)
        {
            _suppressed = Check(_ring.Suppress());
        }
    }

    /// <summary>Asks for a notification of the next chain.</summary>
    /// <returns>True when there is one already; then no notification need come.</returns>
    public bool AllowNotifications()
    {
        if (Error != QueueError.None || !Check(_ring.Allow(out bool available)))
        {
            return false;
        }

        _suppressed = false;
        return available;
    }

    /// <summary>Gives the queue up for something the driver did.</summary>
    public void Break(QueueError error) => Check(error);

    private void PushNow(ChainToken token, uint written)
    {
        if (Error == QueueError.None)
        {
            Check(_ring.Push(token, written));
        }
    }

    private bool Check(QueueError error)
    {
        if (error == QueueError.None)
        {
            return true;
        }

        if (Error == QueueError.None)
        {
            Error = error;
            _host.Fail(Index, error.ToString());
        }

        return false;
    }
}
