namespace Viaduct.Platform.Accounting;

/// <summary>Why a frame went no further.</summary>
public enum DropReason
{
    /// <summary>The guest had no buffer for it.</summary>
    NoBuffer,

    /// <summary>It was larger than the buffers, or than the network carries.</summary>
    TooLong,

    /// <summary>It was too short, or what was said of it didn't fit it.</summary>
    Malformed,

    /// <summary>Its buffer was not memory.</summary>
    NotMemory,

    /// <summary>It was for somebody else: address, VLAN.</summary>
    Filtered,

    /// <summary>The link was down.</summary>
    LinkDown,

    /// <summary>It claimed to be from somebody else.</summary>
    Spoofed,

    /// <summary>Its sender is held to a rate.</summary>
    RateLimited,

    /// <summary>Whoever it was for didn't take frames fast enough.</summary>
    Congested,

    /// <summary>The host refused it.</summary>
    Failed,
}
