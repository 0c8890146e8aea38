namespace Viaduct.Backends.Network.None;

/// <summary>No network: the cable is not plugged in.</summary>
public sealed class NoBackend : INetworkBackend
{
    private const int Queues = 64;

    /// <inheritdoc/>
    /// <remarks>Never.</remarks>
    public event Action? LinkChanged
    {
        add { }
        remove { }
    }

    /// <inheritdoc/>
    public string Name => "none";

    /// <inheritdoc/>
    public int MaximumQueues => Queues;

    /// <inheritdoc/>
    public NetworkOffloads Offloads => NetworkOffloads.All;

    /// <inheritdoc/>
    public int? Mtu => null;

    /// <inheritdoc/>
    public bool LinkUp => false;

    /// <inheritdoc/>
    public INetworkQueue OpenQueue() => new NoQueue();

    /// <inheritdoc/>
    public void AcceptOffloads(NetworkOffloads accepted)
    {
    }

    /// <inheritdoc/>
    public void Dispose()
    {
    }
}
