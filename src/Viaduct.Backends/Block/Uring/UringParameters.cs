using System.Runtime.InteropServices;

namespace Viaduct.Backends.Block.Uring;

/// <summary><c>struct io_uring_params</c> with its two offset tables: what the kernel tells of a new ring.</summary>
[StructLayout(LayoutKind.Explicit, Size = 120)]
internal struct UringParameters
{
    [FieldOffset(0)]
    internal uint SubmissionEntries;

    [FieldOffset(4)]
    internal uint CompletionEntries;

    [FieldOffset(8)]
    internal uint Flags;

    [FieldOffset(20)]
    internal uint Features;

    [FieldOffset(40)]
    internal uint SubmissionHead;

    [FieldOffset(44)]
    internal uint SubmissionTail;

    [FieldOffset(48)]
    internal uint SubmissionMask;

    [FieldOffset(52)]
    internal uint SubmissionRingEntries;

    [FieldOffset(56)]
    internal uint SubmissionFlags;

    [FieldOffset(64)]
    internal uint SubmissionArray;

    [FieldOffset(80)]
    internal uint CompletionHead;

    [FieldOffset(84)]
    internal uint CompletionTail;

    [FieldOffset(88)]
    internal uint CompletionMask;

    [FieldOffset(92)]
    internal uint CompletionRingEntries;

    [FieldOffset(100)]
    internal uint CompletionArray;
}
