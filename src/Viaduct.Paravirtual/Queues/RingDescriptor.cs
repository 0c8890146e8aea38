using System.Runtime.InteropServices;

namespace Viaduct.Paravirtual.Queues;

/// <summary>
/// 16 bytes of a descriptor table or ring. Split (virtio 1.2, 2.7.5): address, length, flags, next. Packed (2.8.13):
/// address, length, buffer id, flags; the last two fields are named for their place, therefore.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly struct RingDescriptor
{
    internal const int Size = 16;

    /// <summary>The chain goes on.</summary>
    internal const ushort FlagNext = 1;

    /// <summary>The device writes; otherwise it reads.</summary>
    internal const ushort FlagWrite = 2;

    /// <summary>It describes a table of descriptors.</summary>
    internal const ushort FlagIndirect = 4;

    /// <summary>Packed: the driver's wrap counter when it made the descriptor available.</summary>
    internal const ushort FlagAvailable = 1 << 7;

    /// <summary>Packed: the device's wrap counter when it used the descriptor.</summary>
    internal const ushort FlagUsed = 1 << 15;

    internal readonly ulong Address;
    internal readonly uint Length;
    internal readonly ushort At12;
    internal readonly ushort At14;
}
