using System.Runtime.InteropServices;

namespace Viaduct.Assigned.Vfio.Interop;

/// <summary>struct vfio_device_info.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct VfioDeviceInfo
{
    internal const uint CanReset = 1 << 0;
    internal const uint Pci = 1 << 1;

    internal uint ArgSize;
    internal uint Flags;
    internal uint Regions;
    internal uint Interrupts;
    internal uint CapabilityOffset;
    internal uint Padding;
}
