using System.Runtime.InteropServices;
using Viaduct.Backends.Network.Frames;

namespace Viaduct.Paravirtual.Network;

/// <summary>What stands before each frame in its buffers (virtio 1.2, 5.1.6): the last three fields where hashes are reported.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 2)]
internal struct NetworkHeader
{
    /// <summary>Bytes without a hash.</summary>
    internal const int Plain = 12;

    /// <summary>Bytes with a hash.</summary>
    internal const int WithHash = 20;

    internal OffloadHeader Offload;
    internal ushort Buffers;
    internal uint Hash;
    internal ushort HashReport;
    internal ushort Padding;
}
