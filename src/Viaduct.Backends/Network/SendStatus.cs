namespace Viaduct.Backends.Network;

/// <summary>What became of a frame that was sent.</summary>
public enum SendStatus
{
    /// <summary>It is on its way.</summary>
    Sent,

    /// <summary>No room now: the same frame can be sent again after a wait with <see cref="NetworkInterest.Send"/>.</summary>
    Full,

    /// <summary>Dropped: the link is down.</summary>
    LinkDown,

    /// <summary>Dropped: larger than the back-end carries.</summary>
    TooLong,

    /// <summary>Dropped: too short, or the offload header and the frame don't fit together.</summary>
    Malformed,

    /// <summary>Dropped: the host refused it.</summary>
    Failed,
}
