namespace Viaduct.Engines.Software.Mmu;

/// <summary>What an access does to memory.</summary>
internal enum Access
{
    Read,
    Write,
    Fetch,
}
