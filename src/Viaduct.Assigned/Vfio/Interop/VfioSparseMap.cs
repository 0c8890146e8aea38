using System.Runtime.InteropServices;

namespace Viaduct.Assigned.Vfio.Interop;

/// <summary>struct vfio_region_info_cap_sparse_mmap without its areas, which follow: offset and length of each, 8 bytes both.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct VfioSparseMap
{
    internal const ushort SparseMap = 1;

    internal VfioCapability Header;
    internal uint Areas;
    internal uint Reserved;
}
