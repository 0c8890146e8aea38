using System.Runtime.InteropServices;

namespace Viaduct.Assigned.Vfio.Interop;

/// <summary>struct vfio_device_feature with the data of VFIO_DEVICE_FEATURE_PCI_VF_TOKEN: sets what users of virtual functions must show.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct VfioTokenFeature
{
    internal const uint SetToken = 1 << 17;

    internal uint ArgSize;
    internal uint Flags;
    internal VfioToken Token;
}
