using System.Runtime.InteropServices;

namespace Viaduct.Engines.Software.Mmu;

/// <summary>
/// One translation of a linear page for data, in the table of one privilege. A tag is the page's address; one that
/// matches nothing differs from every address that is looked up here in the bits that chose the entry. An address's
/// difference from the tag is the offset in the page where they match, and more than a page where they don't: one
/// comparison with what the access needs tells a miss and an access across pages at once.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct TlbEntry
{
    internal const int Count = 4096;

    /// <summary>The list of those that a change of CR3 drops, and of those that it doesn't.</summary>
    internal const ulong LocalList = 1;
    internal const ulong GlobalList = 2;

    /// <summary>What <see cref="State.CpuState.AccessMode"/> is, by privilege.</summary>
    internal const ulong Supervisor = 1;
    internal const ulong User = 3;

    /// <summary>What makes a tag match nothing.</summary>
    internal const ulong NoMatch = 0x1000;

    /// <summary>Matches when a read needs no check.</summary>
    internal ulong ReadTag;

    /// <summary>Matches when a write needs no check: writable, dirty, and no decoded code on the page.</summary>
    internal ulong WriteTag;

    /// <summary>The page in the host's memory.</summary>
    internal byte* Host;

    /// <summary>Which lists it stands in: <see cref="LocalList"/>, <see cref="GlobalList"/>.</summary>
    internal ulong Lists;
}
