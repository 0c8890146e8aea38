using System.Runtime.InteropServices;

namespace Viaduct.Assigned.Vfio.Interop;

/// <summary>struct vfio_pci_hot_reset_info without its devices, which follow.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct VfioHotResetInfo
{
    /// <summary>IOMMUFD: all of them are the caller's, or nobody's.</summary>
    internal const uint Owned = 1 << 1;

    internal uint ArgSize;
    internal uint Flags;
    internal uint Count;
}
