namespace Viaduct.Paravirtual.Queues;

/// <summary>One of the two layouts of a queue in guest memory, seen from the device.</summary>
internal abstract class Ring
{
    /// <summary>Where the device is.</summary>
    internal abstract QueueState State { get; }

    /// <summary>Takes the next available chain. False when there is none, or when <paramref name="error"/> says what is wrong.</summary>
    internal abstract bool TryPop(ChainBuffer chain, out ChainToken token, out QueueError error);

    /// <summary>Returns a chain to the driver.</summary>
    internal QueueError Push(ChainToken token, uint written) => Push([token], [written]);

    /// <summary>Returns chains to the driver in one step: it sees all of them, or none.</summary>
    /// <param name="tokens">The chains, at least one.</param>
    /// <param name="written">Bytes written to each.</param>
    internal abstract QueueError Push(ReadOnlySpan<ChainToken> tokens, ReadOnlySpan<uint> written);

    /// <summary>Whether the driver wants to hear of the chains returned since it was asked last.</summary>
    internal abstract QueueError ShouldInterrupt(out bool interrupt);

    /// <summary>Tells the driver that it needn't notify; a hint.</summary>
    internal abstract QueueError Suppress();

    /// <summary>Tells the driver to notify of the next chain, then looks whether that has come already.</summary>
    internal abstract QueueError Allow(out bool available);
}
