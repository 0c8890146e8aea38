using System.Runtime.InteropServices;

namespace Viaduct.Assigned.Vfio.Interop;

/// <summary>struct vfio_info_cap_header: what each capability begins with, and some are no more than.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct VfioCapability
{
    internal ushort Id;
    internal ushort Version;
    internal uint Next;
}
