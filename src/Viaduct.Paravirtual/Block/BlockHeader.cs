using System.Runtime.InteropServices;

namespace Viaduct.Paravirtual.Block;

/// <summary>What a request begins with (virtio 1.2, 5.2.6).</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly struct BlockHeader
{
    internal const int Size = 16;

    internal readonly BlockCommand Command;
    internal readonly uint Reserved;

    /// <summary>The first sector of 512 bytes.</summary>
    internal readonly ulong Sector;
}
