using System.Runtime.InteropServices;

namespace Viaduct.Assigned.Vfio.Interop;

/// <summary>struct vfio_device_bind_iommufd; a kernel without tokens here knows its first 16 bytes only.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct VfioBindIommufd
{
    internal const uint HasToken = 1 << 0;
    internal const uint SizeWithoutToken = 16;

    internal uint ArgSize;
    internal uint Flags;
    internal int Iommufd;
    internal uint DeviceId;
    internal ulong TokenAddress;
}
