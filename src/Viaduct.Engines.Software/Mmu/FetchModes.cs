namespace Viaduct.Engines.Software.Mmu;

/// <summary>Low bits of a code TLB tag: under which privilege and code size the page is executed.</summary>
internal static class FetchModes
{
    internal const ulong Valid = 1;
    internal const ulong User = 2;
    internal const ulong Size64 = 4;
    internal const ulong Size16 = 8;
}
