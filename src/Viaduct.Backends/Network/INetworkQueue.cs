using Viaduct.Backends.Network.Frames;
using Viaduct.Platform.Dma;
using Viaduct.Platform.Host;

namespace Viaduct.Backends.Network;

/// <summary>
/// A stream of Ethernet frames each way between one worker thread and a back-end; only <see cref="Wake"/> is for other
/// threads. Frames begin with the destination address and have no checksum (FCS); a VLAN tag is part of the frame.
/// Allocates nothing per frame.
/// </summary>
public interface INetworkQueue : IDisposable
{
    /// <summary>
    /// Sends a frame. The bytes are gathered from the segments, without a copy where the back-end can, and are the
    /// caller's again on return. Frames of a batch may go out no sooner than <see cref="Flush"/>.
    /// </summary>
    /// <param name="offload">What is left to the back-end; <c>default</c> for a frame that is complete.</param>
    /// <param name="frame">The frame; at most <see cref="FrameLimits.MaximumSegments"/>, and <see cref="FrameLimits.MaximumLength"/> bytes.</param>
    SendStatus Send(in OffloadHeader offload, ReadOnlySpan<HostSegment> frame);

    /// <summary>Ends a batch of <see cref="Send"/>.</summary>
    void Flush();

    /// <summary>Moves on to the next frame that came in; doesn't wait. False when there is none: <see cref="Received"/> is then of no use.</summary>
    bool TryReceive();

    /// <summary>
    /// The frame that <see cref="TryReceive"/> moved to. Its bytes stay until the next <see cref="TryReceive"/>, so that a
    /// device whose guest has no room may look at it again later. Another process may write to them meanwhile: bounds come
    /// from the span alone, and what is checked is read once.
    /// </summary>
    ReceivedFrame Received { get; }

    /// <summary>
    /// Waits until <see cref="Wake"/> was called since the last wait, or something of <paramref name="interest"/> is
    /// there, but not much longer than a time.
    /// </summary>
    /// <param name="interest">What ends the wait beside <see cref="Wake"/>.</param>
    /// <param name="longest">The time, or <see cref="Timeout.InfiniteTimeSpan"/>.</param>
    void Wait(NetworkInterest interest, TimeSpan longest);

    /// <summary>Ends a <see cref="Wait"/>, or the next one. Any thread; cheap when the worker is awake.</summary>
    void Wake();

    /// <summary>Wakes the worker when it is raised, as <see cref="Wake"/> does: for doorbells that an engine turns into an eventfd. Null for a queue that waits for none.</summary>
    EventFd? Bell => null;

    /// <summary>How often <see cref="Bell"/> was raised since this was last asked, as far as a wait saw. Worker.</summary>
    ulong TakeRings() => 0;
}
