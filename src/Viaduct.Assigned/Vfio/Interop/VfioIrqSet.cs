using System.Runtime.InteropServices;

namespace Viaduct.Assigned.Vfio.Interop;

/// <summary>struct vfio_irq_set without its data, which follows: an eventfd each, 4 bytes, -1 for none.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct VfioIrqSet
{
    internal const uint DataNone = 1 << 0;
    internal const uint DataEventFd = 1 << 2;
    internal const uint Unmask = 1 << 4;
    internal const uint Trigger = 1 << 5;

    internal uint ArgSize;
    internal uint Flags;
    internal uint Index;
    internal uint Start;
    internal uint Count;
}
