using System.Runtime.InteropServices;

namespace Viaduct.Assigned.Vfio.Interop;

/// <summary>struct iommu_ioas_map.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct IommuIoasMap
{
    internal const uint FixedAddress = 1 << 0;
    internal const uint CanWrite = 1 << 1;
    internal const uint CanRead = 1 << 2;

    internal uint Size;
    internal uint Flags;
    internal uint AddressSpace;
    internal uint Reserved;
    internal ulong HostAddress;
    internal ulong Length;
    internal ulong Address;
}
