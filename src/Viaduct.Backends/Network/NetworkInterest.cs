namespace Viaduct.Backends.Network;

/// <summary>What a worker waits for at its back-end.</summary>
[Flags]
public enum NetworkInterest
{
    /// <summary>Nothing: only a doorbell wakes it.</summary>
    None = 0,

    /// <summary>A frame that came in. Not while the guest has no room: the wait would end at once, again and again.</summary>
    Receive = 1,

    /// <summary>Room to send, after <see cref="SendStatus.Full"/>.</summary>
    Send = 2,
}
