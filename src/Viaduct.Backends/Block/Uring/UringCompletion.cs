using System.Runtime.InteropServices;

namespace Viaduct.Backends.Block.Uring;

/// <summary><c>struct io_uring_cqe</c>, 16 bytes: a system call's result.</summary>
[StructLayout(LayoutKind.Explicit, Size = 16)]
internal struct UringCompletion
{
    [FieldOffset(0)]
    internal ulong UserData;

    /// <summary>Bytes or zero, or a negated errno.</summary>
    [FieldOffset(8)]
    internal int Result;

    [FieldOffset(12)]
    internal uint Flags;
}
