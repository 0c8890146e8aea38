using System.Runtime.InteropServices;

namespace Viaduct.Engines.Software.Mmu;

/// <summary>One translation of a linear page for data. A tag is the page's address with the access mode in its low bits; zero is never a valid tag.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct TlbEntry
{
    internal const int Count = 1024;
    internal const ulong Supervisor = 1;
    internal const ulong User = 3;

    /// <summary>Matches when a read needs no check.</summary>
    internal ulong ReadTag;

    /// <summary>Matches when a write needs no check: writable, dirty, and no decoded code on the page.</summary>
    internal ulong WriteTag;

    /// <summary>What to add to a linear address to have a host address.</summary>
    internal ulong Addend;

    private readonly ulong _padding;
}
