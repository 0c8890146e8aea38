using System.Numerics;

namespace Viaduct.Platform.Pci;

/// <summary>What follows from a BAR's kind: the bits of its register and the addresses that it can hold (PCI Express Base 5.0, 7.5.1.2.1).</summary>
internal static class PciBarKindBits
{
    private const ulong LastMemoryAddress = (1UL << 52) - 1;
    private const ulong LastPort = 0xFFFF;

    /// <summary>Whether it takes two registers.</summary>
    internal static bool Is64Bit(this PciBarKind kind) => kind is PciBarKind.Memory64 or PciBarKind.Memory64Prefetchable;

    /// <summary>The bits that hold no address, as the register reads.</summary>
    internal static uint Flags(this PciBarKind kind) => kind switch
    {
        PciBarKind.Io => 1,
        PciBarKind.Memory32 or PciBarKind.Rom => 0,
        PciBarKind.Memory32Prefetchable => 8,
        PciBarKind.Memory64 => 4,
        _ => 0xC,
    };

    /// <summary>The last address that there is.</summary>
    internal static ulong LastAddress(this PciBarKind kind) => kind == PciBarKind.Io ? LastPort : LastMemoryAddress;

    /// <summary>Throws when no BAR of the kind has this many bytes.</summary>
    internal static void CheckSize(this PciBarKind kind, ulong size)
    {
        ulong smallest = kind switch
        {
            PciBarKind.Io => 4UL,
            PciBarKind.Rom => 2048UL,
            _ => 16UL,
        };
        ulong largest = kind switch
        {
            PciBarKind.Io => 256UL,
            PciBarKind.Rom => 16UL << 20,
            PciBarKind.Memory32 or PciBarKind.Memory32Prefetchable => 1UL << 31,
            _ => 1UL << 51,
        };
        if (!BitOperations.IsPow2(size) || size < smallest || size > largest)
        {
            throw new ArgumentOutOfRangeException(nameof(size), size, $"A BAR of kind {kind} is a power of two from {smallest} to {largest} bytes");
        }
    }
}
