using System.Runtime.InteropServices;

namespace Viaduct.Assigned.VfioUser.Protocol;

/// <summary>The parts of a region that can be mapped: 16 bytes, followed by offset and length of each, 16 bytes (VFIO's <c>vfio_region_info_cap_sparse_mmap</c>).</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct SparseMapCapability
{
    /// <summary>The value of <see cref="Id"/>.</summary>
    public const ushort SparseMap = 1;

    /// <summary>What capability it is.</summary>
    public ushort Id;

    /// <summary>1.</summary>
    public ushort Version;

    /// <summary>Where the next capability lies, from the start of the region information; zero for none.</summary>
    public uint Next;

    /// <summary>How many parts.</summary>
    public uint Areas;

    /// <summary>Zero.</summary>
    public uint Reserved;
}
