using System.Runtime.InteropServices;
using Viaduct.Engines.Software.Decoding;

namespace Viaduct.Engines.Software.Mmu;

/// <summary>Which decoded page a linear page shows. The tag is the page's address with the fetch mode in its low bits.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct CodeTlbEntry
{
    internal const int Count = 512;

    internal ulong Tag;
    internal CodePage* Page;

    /// <summary>Where the page's translated blocks begin, as <see cref="CodePage.Translated"/>; nowhere for another privilege than theirs.</summary>
    internal uint* Translated;

    /// <summary>The page's address for translated code to compare as a data tag is: of another privilege or code size it must match nothing.</summary>
    internal ulong TranslatedTag;

    /// <summary>What <see cref="TranslatedTag"/> is changed by for a privilege; no canonical address has one of these bits alone.</summary>
    internal static ulong TagOf(ulong accessMode) => accessMode == TlbEntry.User ? 1UL << 62 : 0;
}
