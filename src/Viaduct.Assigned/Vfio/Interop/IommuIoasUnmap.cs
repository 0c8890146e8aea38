using System.Runtime.InteropServices;

namespace Viaduct.Assigned.Vfio.Interop;

/// <summary>struct iommu_ioas_unmap.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct IommuIoasUnmap
{
    internal uint Size;
    internal uint AddressSpace;
    internal ulong Address;
    internal ulong Length;
}
