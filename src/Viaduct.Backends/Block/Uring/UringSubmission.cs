using System.Runtime.InteropServices;

namespace Viaduct.Backends.Block.Uring;

/// <summary><c>struct io_uring_sqe</c>, 64 bytes: a system call for the kernel to make.</summary>
[StructLayout(LayoutKind.Explicit, Size = 64)]
internal struct UringSubmission
{
    [FieldOffset(0)]
    internal byte Opcode;

    [FieldOffset(1)]
    internal byte Flags;

    [FieldOffset(4)]
    internal int Descriptor;

    [FieldOffset(8)]
    internal ulong Offset;

    /// <summary>A buffer, an array of segments, or fallocate's length.</summary>
    [FieldOffset(16)]
    internal ulong Address;

    /// <summary>Bytes, the number of segments, or fallocate's mode.</summary>
    [FieldOffset(24)]
    internal uint Length;

    /// <summary>RWF_ flags, or fsync's.</summary>
    [FieldOffset(28)]
    internal uint CallFlags;

    /// <summary>Comes back with the completion.</summary>
    [FieldOffset(32)]
    internal ulong UserData;
}
