namespace Viaduct.Platform.AddressSpaces;

/// <summary>What became of an access. The one who dispatched it, not the device, decides what an error reads as.</summary>
public enum AccessStatus : byte
{
    /// <summary>Carried out.</summary>
    Done,

    /// <summary>Nothing answers at that address.</summary>
    NoResponse,

    /// <summary>The register can't be accessed in that size.</summary>
    InvalidSize,

    /// <summary>The register can't be accessed at that alignment.</summary>
    Unaligned,
}
