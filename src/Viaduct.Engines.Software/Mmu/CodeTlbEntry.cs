using System.Runtime.InteropServices;
using Viaduct.Engines.Software.Decoding;

namespace Viaduct.Engines.Software.Mmu;

/// <summary>Which decoded page a linear page shows, in the table of one privilege. The tag is the page's address with the fetch mode in its low bits.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct CodeTlbEntry
{
    internal const int Count = 512;

    internal ulong Tag;
    internal CodePage* Page;

    /// <summary>Where the page's translated blocks begin, as <see cref="CodePage.Translated"/>; nowhere for another privilege than theirs.</summary>
    internal uint* Translated;

    /// <summary>The page's address for translated code to compare as a data tag is: of another code size it must match nothing.</summary>
    internal ulong TranslatedTag;
}
