namespace Viaduct.Platform.Pci;

/// <summary>The addresses that the board gives to BARs; the same as ACPI's _CRS of the root names. A length of zero is none.</summary>
public readonly record struct PciWindows
{
    /// <summary>The first address for 32-bit and for not prefetchable BARs, a multiple of 1 MiB.</summary>
    public required ulong Memory32Start { get; init; }

    /// <summary>Bytes.</summary>
    public required ulong Memory32Length { get; init; }

    /// <summary>The first address for prefetchable 64-bit BARs, a multiple of 1 MiB.</summary>
    public required ulong Memory64Start { get; init; }

    /// <summary>Bytes.</summary>
    public required ulong Memory64Length { get; init; }

    /// <summary>The first port, a multiple of 4 KiB.</summary>
    public required ulong IoStart { get; init; }

    /// <summary>Ports.</summary>
    public required ulong IoLength { get; init; }
}
