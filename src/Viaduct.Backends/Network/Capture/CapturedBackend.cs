namespace Viaduct.Backends.Network.Capture;

/// <summary>A back-end whose frames are written to a capture file as they pass, both ways.</summary>
public sealed class CapturedBackend : INetworkBackend
{
    private readonly INetworkBackend _inner;
    private readonly CaptureFile _file;

    /// <param name="inner">The back-end; disposed with this.</param>
    /// <param name="file">The file; disposed with this.</param>
    public CapturedBackend(INetworkBackend inner, CaptureFile file)
    {
        _inner = inner;
        _file = file;
    }

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
    public NetworkOffloads Offloads => _inner.Offloads;

    /// <inheritdoc/>
    public int? Mtu => _inner.Mtu;

    /// <inheritdoc/>
    public bool LinkUp => _inner.LinkUp;

    /// <inheritdoc/>
    public INetworkQueue OpenQueue() => new CapturedQueue(_inner.OpenQueue(), _file);

    /// <inheritdoc/>
    public void AcceptOffloads(NetworkOffloads accepted) => _inner.AcceptOffloads(accepted);

    /// <inheritdoc/>
    public void Dispose()
    {
        _inner.Dispose();
        _file.Dispose();
    }
}
