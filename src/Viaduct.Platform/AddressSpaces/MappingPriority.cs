namespace Viaduct.Platform.AddressSpaces;

/// <summary>
/// Who is seen where ranges overlap. The guest chooses where BARs are, so they lie below everything that the board
/// placed: no BAR hides RAM, ECAM or an interrupt controller.
/// </summary>
public static class MappingPriority
{
    /// <summary>BARs of PCI functions, at addresses of the guest's choice.</summary>
    public const int Bar = -100;

    /// <summary>Guest RAM; also what a mapping has that names no priority.</summary>
    public const int Ram = 0;

    /// <summary>Fixed devices of the board: ECAM, interrupt controllers, legacy ports, flash.</summary>
    public const int Board = 100;
}
