using Viaduct.Backends.Network;

namespace Viaduct.Backends.Tests.Network.Support;

/// <summary>A back-end whose frames a test gives and takes by hand.</summary>
internal sealed class LoopNetwork : INetworkBackend
{
    public event Action? LinkChanged;

    public string Name => "loop";

    public int MaximumQueues => 1;

    public NetworkOffloads Offloads { get; init; }

    public int? Mtu => null;

    public bool LinkUp { get; private set; } = true;

    internal NetworkOffloads Accepted { get; private set; }

    internal LoopQueue Queue { get; } = new();

    public INetworkQueue OpenQueue() => Queue;

    public void AcceptOffloads(NetworkOffloads accepted) => Accepted = accepted;

    public void Dispose()
    {
    }

    internal void SetLink(bool up)
    {
        LinkUp = up;
        LinkChanged?.Invoke();
    }
}
