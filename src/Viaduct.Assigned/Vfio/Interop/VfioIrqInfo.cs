using System.Runtime.InteropServices;

namespace Viaduct.Assigned.Vfio.Interop;

/// <summary>struct vfio_irq_info.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct VfioIrqInfo
{
    internal const uint EventFd = 1 << 0;
    internal const uint NoResize = 1 << 3;

    internal uint ArgSize;
    internal uint Flags;
    internal uint Index;
    internal uint Count;
}
