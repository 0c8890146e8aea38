using System.Runtime.InteropServices;

namespace Viaduct.Assigned.Vfio.Interop;

/// <summary>struct iommu_ioas_alloc.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct IommuIoasAlloc
{
    internal uint Size;
    internal uint Flags;
    internal uint AddressSpace;
}
