using System.Runtime.InteropServices;

namespace Viaduct.Assigned.VfioUser.Protocol;

/// <summary>Memory that the device may not reach any more: 24 bytes, request and reply alike.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct DmaUnmapMessage
{
    /// <summary>All of it.</summary>
    public const uint All = 1 << 1;

    /// <summary>Bytes of the message without its header.</summary>
    public uint ArgSize;

    /// <summary><see cref="All"/> or nothing.</summary>
    public uint Flags;

    /// <summary>The address on the bus.</summary>
    public ulong Address;

    /// <summary>Bytes.</summary>
    public ulong Size;
}
