using Viaduct.Backends.Block;

namespace Viaduct.Emulated.Nvme;

/// <summary>A namespace that a subsystem has from its start: a disk or a part of one, and the controllers that see it.</summary>
public sealed record NvmeNamespaceOptions
{
    private const ulong DivisionAlignment = 1 << 20;

    /// <summary>Where its bytes are. Several namespaces may lie on one disk, side by side.</summary>
    public required IBlockBackend Disk { get; init; }

    /// <summary>The first byte, a multiple of 4096.</summary>
    public ulong Offset { get; init; }

    /// <summary>Bytes, a multiple of 4096; null for all to the disk's end, then it follows the disk's size.</summary>
    public ulong? Length { get; init; }

    /// <summary>Whether several controllers may have it at once.</summary>
    public bool Shared { get; init; }

    /// <summary>The controllers that it is attached to at the start: 0 is the physical function, n virtual function n. More than one only when it is shared.</summary>
    public IReadOnlyList<int> Controllers { get; init; } = [0];

    /// <summary>Divides a disk into equal private namespaces, the first for controller 0, the next for controller 1 and so on.</summary>
    /// <param name="disk">At least 1 MiB a controller.</param>
    /// <param name="controllers">How many.</param>
    /// <exception cref="ArgumentOutOfRangeException">The disk is too small.</exception>
    public static IReadOnlyList<NvmeNamespaceOptions> Divide(IBlockBackend disk, int controllers)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(controllers, 1);
        ulong each = disk.Length / (ulong)controllers / DivisionAlignment * DivisionAlignment;
        if (each == 0)
        {
            throw new ArgumentOutOfRangeException(nameof(controllers), controllers, $"A disk of {disk.Length} bytes can't be divided into so many namespaces: each takes 1 MiB or more");
        }

        NvmeNamespaceOptions[] parts = new NvmeNamespaceOptions[controllers];
        for (int i = 0; i < controllers; i++)
        {
            parts[i] = new NvmeNamespaceOptions { Disk = disk, Offset = (ulong)i * each, Length = each, Controllers = [i] };
        }

        return parts;
    }

    /// <summary>A whole disk that all controllers have.</summary>
    /// <param name="disk">The disk.</param>
    /// <param name="controllers">How many.</param>
    public static NvmeNamespaceOptions Share(IBlockBackend disk, int controllers) =>
        new() { Disk = disk, Shared = true, Controllers = [.. Enumerable.Range(0, controllers)] };
}
