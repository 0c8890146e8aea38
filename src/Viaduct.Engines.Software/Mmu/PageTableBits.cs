namespace Viaduct.Engines.Software.Mmu;

/// <summary>Bits of paging-structure entries and of page-fault error codes (Intel SDM vol. 3A 4.5, 4.7).</summary>
internal static class PageTableBits
{
    internal const ulong Present = 1 << 0;
    internal const ulong Writable = 1 << 1;
    internal const ulong User = 1 << 2;
    internal const ulong Accessed = 1 << 5;
    internal const ulong Dirty = 1 << 6;
    internal const ulong Large = 1 << 7;
    internal const ulong Global = 1 << 8;
    internal const ulong NoExecute = 1UL << 63;

    /// <summary>Physical address bits, as CPUID leaf 0x80000008 says.</summary>
    internal const int PhysicalAddressBits = 46;

    internal const ulong AddressMask = ((1UL << PhysicalAddressBits) - 1) & ~0xFFFUL;

    /// <summary>Bits 51 to the width of physical addresses, which must be zero.</summary>
    internal const ulong AboveAddress = ((1UL << 52) - 1) & ~((1UL << PhysicalAddressBits) - 1);

    internal const uint ErrorPresent = 1 << 0;
    internal const uint ErrorWrite = 1 << 1;
    internal const uint ErrorUser = 1 << 2;
    internal const uint ErrorReserved = 1 << 3;
    internal const uint ErrorFetch = 1 << 4;
    internal const uint ErrorKey = 1 << 5;

    /// <summary>Where a page's protection key is.</summary>
    internal const int KeyShift = 59;
}
