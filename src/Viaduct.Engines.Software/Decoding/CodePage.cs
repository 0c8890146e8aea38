using System.Runtime.InteropServices;

namespace Viaduct.Engines.Software.Decoding;

/// <summary>What is decoded of one page of guest memory in one code size.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct CodePage
{
    internal const int Size = 4096;

    /// <summary>The page's bytes.</summary>
    internal byte* Host;

    /// <summary>
    /// What is decoded: the page itself; or, where others write it unseen, a copy of those runs of 64 bytes that are
    /// decoded, to find out by.
    /// </summary>
    internal byte* Bytes;

    /// <summary>For each byte of the page, the index in the arena of the op that begins a block there; zero is none.</summary>
    internal uint* Entries;

    /// <summary>For each byte of the page, where in translated code the block that begins there lies; zero is nowhere. Null without a translator.</summary>
    internal uint* Translated;

    /// <summary>What all processors hold of the page; null while this one holds nothing.</summary>
    internal WatchedPage* Watched;

    /// <summary>Whether no other processor can store to the page unnoticed any more, so that what is decoded may be kept.</summary>
    internal bool IsSettled;

    /// <summary>Which runs of 64 bytes <see cref="Bytes"/> keeps a copy of, where it is one.</summary>
    internal ulong Copied;

    /// <summary>The page's block of memory: its index in the cache's list.</summary>
    internal int Block;

    /// <summary>The page's index in its block of memory.</summary>
    internal ulong Page;

    /// <summary>16, 32 or 64.</summary>
    internal int Bitness;

    /// <summary>The <see cref="State.CpuState.AccessMode"/> that translated blocks are for: that of the first fetch.</summary>
    internal ulong AccessMode;
}
