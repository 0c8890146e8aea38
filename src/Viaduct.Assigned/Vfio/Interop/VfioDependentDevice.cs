using System.Runtime.InteropServices;

namespace Viaduct.Assigned.Vfio.Interop;

/// <summary>struct vfio_pci_dependent_device: a function that a hot reset resets, too.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct VfioDependentDevice
{
    /// <summary>Its group; what else a kernel may say here, by flags of <see cref="VfioHotResetInfo"/>, is not looked at.</summary>
    internal uint Group;
    internal ushort Segment;
    internal byte Bus;
    internal byte DeviceAndFunction;
}
