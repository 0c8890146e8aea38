using System.Runtime.InteropServices;

namespace Viaduct.Assigned.Vfio.Interop;

/// <summary>struct vfio_group_status.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct VfioGroupStatus
{
    internal const uint Viable = 1 << 0;
    internal const uint ContainerSet = 1 << 1;

    internal uint ArgSize;
    internal uint Flags;
}
