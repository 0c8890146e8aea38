namespace Viaduct.Backends.Network.Offloads;

/// <summary>
/// A back-end to which every offload may be left, and from which a device gets only those it accepts: what the one
/// inside doesn't do is done here, in software, by the worker's thread.
/// </summary>
public sealed class SoftwareOffloads : INetworkBackend
{
    private readonly INetworkBackend _inner;
    private int _accepted;
    private long _malformed;

    /// <param name="inner">The back-end; disposed with this.</param>
    public SoftwareOffloads(INetworkBackend inner) => _inner = inner;

    /// <inheritdoc/>
    public event Action? LinkChanged
    {
        add => _inner.LinkChanged += value;
        remove => _inner.LinkChanged -= value;
    }

    /// <inheritdoc/>
    public string Name => _inner.Name;

    /// <inheritdoc/>
    public int MaximumQueues => _inner.MaximumQueues;

    /// <inheritdoc/>
    public NetworkOffloads Offloads => NetworkOffloads.All;

    /// <inheritdoc/>
    public int? Mtu => _inner.Mtu;

    /// <inheritdoc/>
    public bool LinkUp => _inner.LinkUp;

    /// <summary>Frames that came in and were dropped, for their offload header didn't fit them.</summary>
    public long Malformed => Interlocked.Read(ref _malformed);

    /// <summary>What received frames may leave to the device.</summary>
    internal NetworkOffloads Accepted => (NetworkOffloads)Volatile.Read(ref _accepted);

    /// <summary>What the back-end inside does by itself.</summary>
    internal NetworkOffloads InnerOffloads => _inner.Offloads;

    /// <inheritdoc/>
    public INetworkQueue OpenQueue() => new SoftwareOffloadsQueue(this, _inner.OpenQueue());

    /// <inheritdoc/>
    public void AcceptOffloads(NetworkOffloads accepted)
    {
        Volatile.Write(ref _accepted, (int)accepted);
        _inner.AcceptOffloads(accepted);
    }

    /// <inheritdoc/>
    public void Dispose() => _inner.Dispose();

    /// <summary>Counts a frame that came in and made no sense.</summary>
    internal void CountMalformed() => Interlocked.Increment(ref _malformed);
}
