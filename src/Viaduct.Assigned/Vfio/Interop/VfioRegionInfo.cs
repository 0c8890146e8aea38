using System.Runtime.InteropServices;

namespace Viaduct.Assigned.Vfio.Interop;

/// <summary>struct vfio_region_info; capabilities may follow it.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct VfioRegionInfo
{
    internal const uint CanRead = 1 << 0;
    internal const uint CanWrite = 1 << 1;
    internal const uint CanMap = 1 << 2;
    internal const uint HasCapabilities = 1 << 3;

    internal uint ArgSize;
    internal uint Flags;
    internal uint Index;
    internal uint CapabilityOffset;
    internal ulong Size;
    internal ulong Offset;
}
