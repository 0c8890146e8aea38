using Viaduct.Backends.Network.Frames;
using Viaduct.Platform.Dma;
using Viaduct.Platform.Host;

namespace Viaduct.Backends.Network.Capture;

/// <summary>A queue of a <see cref="CapturedBackend"/>. What it saw is in the file before its worker sleeps.</summary>
internal sealed class CapturedQueue : INetworkQueue
{
    private readonly INetworkQueue _inner;
    private readonly CaptureFile _file;

    internal CapturedQueue(INetworkQueue inner, CaptureFile file)
    {
        _inner = inner;
        _file = file;
    }

    public ReceivedFrame Received => _inner.Received;

    public SendStatus Send(in OffloadHeader offload, ReadOnlySpan<HostSegment> frame)
    {
        SendStatus status = _inner.Send(offload, frame);
        if (status == SendStatus.Sent)
        {
            _file.Add(offload, frame);
        }

        return status;
    }

    public void Flush() => _inner.Flush();

    public bool TryReceive()
    {
        if (!_inner.TryReceive())
        {
            return false;
        }

        _file.Add(_inner.Received);
        return true;
    }

    public void Wait(NetworkInterest interest, TimeSpan longest)
    {
        _file.Flush();
        _inner.Wait(interest, longest);
    }

    public void Wake() => _inner.Wake();

    public EventFd? Bell => _inner.Bell;

    public ulong TakeRings() => _inner.TakeRings();

    public void Dispose()
    {
        _inner.Dispose();
        _file.Flush();
    }
}
