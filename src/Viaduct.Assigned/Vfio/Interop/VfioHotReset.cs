using System.Runtime.InteropServices;

namespace Viaduct.Assigned.Vfio.Interop;

/// <summary>struct vfio_pci_hot_reset without its groups, which follow: a descriptor each, 4 bytes; none at all where IOMMUFD knows who owns what.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct VfioHotReset
{
    internal uint ArgSize;
    internal uint Flags;
    internal uint Count;
}
