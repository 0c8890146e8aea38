using System.Runtime.InteropServices;

namespace Viaduct.Assigned.Vfio.Interop;

/// <summary>struct vfio_iommu_type1_dma_map.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct VfioDmaMap
{
    internal const uint CanRead = 1 << 0;
    internal const uint CanWrite = 1 << 1;

    internal uint ArgSize;
    internal uint Flags;
    internal ulong HostAddress;
    internal ulong Address;
    internal ulong Size;
}
