using Viaduct.Platform.Host;

namespace Viaduct.Platform.Interrupts;

/// <summary>A message-signalled interrupt that an eventfd raises. One thread at a time. Disposed, it is disconnected for good.</summary>
public interface IMessageEvent : IDisposable
{
    /// <summary>What raises it.</summary>
    EventFd Signal { get; }

    /// <summary>Has it raise a message from now on; at once, when it was raised while disconnected. Again, for another message.</summary>
    /// <param name="requesterId">Bus, device and function of the writer.</param>
    /// <param name="address">The message address.</param>
    /// <param name="data">The message data.</param>
    void Connect(ushort requesterId, ulong address, uint data);

    /// <summary>Has it raise nothing. What comes meanwhile stays in the eventfd.</summary>
    void Disconnect();
}
