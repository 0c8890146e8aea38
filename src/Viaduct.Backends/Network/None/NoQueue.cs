using Viaduct.Backends.Network.Frames;
using Viaduct.Backends.Waiting;
using Viaduct.Platform.Dma;
using Viaduct.Platform.Host;

namespace Viaduct.Backends.Network.None;

/// <summary>A queue into nothing.</summary>
internal sealed class NoQueue : INetworkQueue
{
    private readonly DescriptorWait _wait = new();

    public ReceivedFrame Received => default;

    public SendStatus Send(in OffloadHeader offload, ReadOnlySpan<HostSegment> frame) => SendStatus.LinkDown;

    public void Flush()
    {
    }

    public bool TryReceive() => false;

    public void Wait(NetworkInterest interest, TimeSpan longest) => _wait.Wait(-1, 0, longest);

    public void Wake() => _wait.Wake();

    public EventFd? Bell => _wait.Bell;

    public ulong TakeRings() => _wait.TakeRings();

    public void Dispose() => _wait.Dispose();
}
