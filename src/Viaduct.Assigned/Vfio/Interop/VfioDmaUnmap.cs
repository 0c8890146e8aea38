using System.Runtime.InteropServices;

namespace Viaduct.Assigned.Vfio.Interop;

/// <summary>struct vfio_iommu_type1_dma_unmap.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct VfioDmaUnmap
{
    internal uint ArgSize;
    internal uint Flags;
    internal ulong Address;
    internal ulong Size;
}
