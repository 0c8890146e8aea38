using System.Runtime.InteropServices;

namespace Viaduct.Paravirtual.Block;

/// <summary>What a discard or write zeroes request names, one or several of it (virtio 1.2, 5.2.6).</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly struct BlockRange
{
    internal const int Size = 16;

    /// <summary>The space may be given back; write zeroes only.</summary>
    internal const uint FlagUnmap = 1;

    /// <summary>The first sector of 512 bytes.</summary>
    internal readonly ulong Sector;

    /// <summary>How many sectors.</summary>
    internal readonly uint Sectors;
    internal readonly uint Flags;
}
