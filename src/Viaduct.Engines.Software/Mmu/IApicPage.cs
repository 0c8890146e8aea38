namespace Viaduct.Engines.Software.Mmu;

/// <summary>The page of guest physical addresses at which a processor sees its own local APIC, which differs between processors.</summary>
internal interface IApicPage
{
    /// <summary>Whether an address is in the page now.</summary>
    bool Covers(ulong physical);

    /// <summary>Reads the register at a byte offset in the page.</summary>
    uint Read(uint offset);

    /// <summary>Writes the register at a byte offset in the page.</summary>
    void Write(uint offset, uint value);
}
