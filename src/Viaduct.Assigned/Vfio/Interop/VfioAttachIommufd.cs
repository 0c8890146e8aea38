using System.Runtime.InteropServices;

namespace Viaduct.Assigned.Vfio.Interop;

/// <summary>struct vfio_device_attach_iommufd_pt, up to what its first version had.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct VfioAttachIommufd
{
    internal uint ArgSize;
    internal uint Flags;
    internal uint AddressSpace;
}
