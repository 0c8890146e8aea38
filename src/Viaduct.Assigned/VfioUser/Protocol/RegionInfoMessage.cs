using System.Runtime.InteropServices;

namespace Viaduct.Assigned.VfioUser.Protocol;

/// <summary>A region: 32 bytes, in a reply followed by capabilities (VFIO's <c>vfio_region_info</c>). A file to map comes with the reply.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct RegionInfoMessage
{
    /// <summary>Can be read.</summary>
    public const uint CanRead = 1 << 0;

    /// <summary>Can be written.</summary>
    public const uint CanWrite = 1 << 1;

    /// <summary>Can be mapped.</summary>
    public const uint CanMap = 1 << 2;

    /// <summary>Capabilities follow, at <see cref="CapabilityOffset"/>.</summary>
    public const uint HasCapabilities = 1 << 3;

    /// <summary>Bytes that the asker has room for, or that the reply needs.</summary>
    public uint ArgSize;

    /// <summary>What can be done with it.</summary>
    public uint Flags;

    /// <summary>Which.</summary>
    public uint Index;

    /// <summary>Where the first capability lies, from the start of this structure.</summary>
    public uint CapabilityOffset;

    /// <summary>Bytes of the region.</summary>
    public ulong Size;

    /// <summary>Where in the file it begins.</summary>
    public ulong Offset;
}
