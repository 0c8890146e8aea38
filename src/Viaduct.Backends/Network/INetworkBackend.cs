namespace Viaduct.Backends.Network;

/// <summary>
/// What a network card's cable goes into: a tap, a switch, a program. Devices of any road ask it for queues, one a
/// worker thread, and are told of its link.
/// </summary>
/// <remarks>
/// A device takes one that is wrapped in <see cref="Offloads.SoftwareOffloads"/>: then every offload may be asked for
/// and none need be accepted. Bare back-ends say in <see cref="Offloads"/> what they do by themselves.
/// </remarks>
public interface INetworkBackend : IDisposable
{
    /// <summary>What it is, as the user named it, e.g. <c>"tap:tap0"</c>; for logs.</summary>
    string Name { get; }

    /// <summary>How many queues can be open at once, at least 1.</summary>
    int MaximumQueues { get; }

    /// <summary>What frames that are sent may leave to the back-end.</summary>
    NetworkOffloads Offloads { get; }

    /// <summary>The largest payload of a frame that the network advises, in bytes (the interface's MTU); null without advice.</summary>
    int? Mtu { get; }

    /// <summary>Whether the cable is connected to something. Can change (<see cref="LinkChanged"/>).</summary>
    bool LinkUp { get; }

    /// <summary>
    /// Told when <see cref="LinkUp"/> changed, also when it went down and is up again by now: then the other side may
    /// know nothing any more of who is on this one. Any thread; not with a lock held.
    /// </summary>
    event Action? LinkChanged;

    /// <summary>Opens a queue for one worker thread. Frames that come in are spread over the open queues by flow.</summary>
    /// <exception cref="InvalidOperationException"><see cref="MaximumQueues"/> are open.</exception>
    INetworkQueue OpenQueue();

    /// <summary>Says what received frames may leave to the device; nothing before it is said. Any thread, also while queues run.</summary>
    /// <remarks>Frames that are under way may still follow what was said before.</remarks>
    void AcceptOffloads(NetworkOffloads accepted);
}
