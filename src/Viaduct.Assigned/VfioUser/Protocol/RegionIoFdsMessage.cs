using System.Runtime.InteropServices;

namespace Viaduct.Assigned.VfioUser.Protocol;

/// <summary>Asks for a region's doorbells, and heads the reply: 16 bytes, followed by <see cref="IoEventFdEntry"/>s.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct RegionIoFdsMessage
{
    /// <summary>Bytes that the asker has room for, or that the reply needs.</summary>
    public uint ArgSize;

    /// <summary>Zero.</summary>
    public uint Flags;

    /// <summary>The region.</summary>
    public uint Index;

    /// <summary>How many entries follow; in the request, zero.</summary>
    public uint Count;
}
