namespace Viaduct.Emulated.Nvme.Sharing;

/// <summary>What a subsystem tells a controller's worker.</summary>
internal enum NoticeKind
{
    /// <summary>A namespace was attached or detached, or came to look different: follow, and tell the host.</summary>
    NamespaceChanged,

    /// <summary>The host lost its registration: commands of before must be over.</summary>
    Drain,

    /// <summary>The reservation notification log has an entry for the host.</summary>
    Reservation,

    /// <summary>Online or offline: a controller level reset.</summary>
    Reset,
}
