using System.Runtime.InteropServices;

namespace Viaduct.Assigned.VfioUser.Protocol;

/// <summary>An access to registers: 16 bytes, followed by those written, or read in the reply.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct RegionAccessMessage
{
    /// <summary>From the start of the region.</summary>
    public ulong Offset;

    /// <summary>Which.</summary>
    public uint Region;

    /// <summary>Bytes.</summary>
    public uint Count;
}
