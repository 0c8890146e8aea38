using System.Runtime.InteropServices;

namespace Viaduct.Assigned.VfioUser.Protocol;

/// <summary>Memory that the device may reach: 32 bytes, with a file to map, or none where it has to ask for bytes.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct DmaMapMessage
{
    /// <summary>The device may read.</summary>
    public const uint CanRead = 1 << 0;

    /// <summary>The device may write.</summary>
    public const uint CanWrite = 1 << 1;

    /// <summary>Bytes of the message without its header.</summary>
    public uint ArgSize;

    /// <summary><see cref="CanRead"/> and <see cref="CanWrite"/>.</summary>
    public uint Flags;

    /// <summary>Where in the file.</summary>
    public ulong Offset;

    /// <summary>The address on the bus.</summary>
    public ulong Address;

    /// <summary>Bytes.</summary>
    public ulong Size;
}
