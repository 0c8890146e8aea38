namespace Viaduct.Engines.Software.Mmu;

/// <summary>What a page walk found.</summary>
internal struct WalkResult
{
    /// <summary>The guest physical address.</summary>
    internal ulong Physical;

    /// <summary>Whether writes need no further walk: permitted, and the page is dirty already.</summary>
    internal bool Writable;

    /// <summary>Whether it is a user's page that supervisor code may access only while AC is set.</summary>
    internal bool IsLent;

    /// <summary>Whether the translation outlives a change of CR3.</summary>
    internal bool Global;

    /// <summary>Bytes of the page that the translation came from.</summary>
    internal ulong PageSize;

    /// <summary>The page fault's error code, when there is no translation.</summary>
    internal uint ErrorCode;
}
