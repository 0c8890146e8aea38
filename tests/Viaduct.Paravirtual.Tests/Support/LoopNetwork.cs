using Viaduct.Backends.Network;

namespace Viaduct.Paravirtual.Tests.Support;

/// <summary>A network whose frames a test gives and takes by hand.</summary>
internal sealed class LoopNetwork : INetworkBackend
{
    private int _open;

    internal LoopNetwork(int queues = 1) => Queues = [.. Enumerable.Range(0, queues).Select(_ => new LoopQueue())];

    public event Action? LinkChanged;

    public string Name => "loop";

    public int MaximumQueues => Queues.Length;

    public NetworkOffloads Offloads => NetworkOffloads.All;

    public int? Mtu { get; init; }

    public bool LinkUp { get; private set; } = true;

    internal NetworkOffloads Accepted { get; private set; }

    internal LoopQueue[] Queues { get; }

    public INetworkQueue OpenQueue() => Queues[_open++];

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
