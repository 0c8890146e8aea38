using System.Runtime.InteropServices;

namespace Viaduct.Emulated.Nvme.Logs;

/// <summary>An entry of the Error Information log (NVMe 1.4, 5.14.1.1): 64 bytes.</summary>
[StructLayout(LayoutKind.Explicit, Size = 64)]
internal readonly struct ErrorEntry
{
    [FieldOffset(0)]
    internal readonly ulong Count;

    [FieldOffset(8)]
    internal readonly ushort SubmissionQueue;

    [FieldOffset(10)]
    internal readonly ushort CommandId;

    /// <summary>As in the completion, with room for its phase bit.</summary>
    [FieldOffset(12)]
    internal readonly ushort Status;

    /// <summary>Which byte and bit of the command; all ones is none in particular.</summary>
    [FieldOffset(14)]
    internal readonly ushort ParameterLocation;

    [FieldOffset(16)]
    internal readonly ulong Block;

    [FieldOffset(24)]
    internal readonly uint NamespaceId;

    internal ErrorEntry(ulong count, int queue, ushort commandId, NvmeStatus status, uint namespaceId, ulong block)
    {
        Count = count;
        SubmissionQueue = (ushort)queue;
        CommandId = commandId;
        Status = (ushort)((uint)status << 1);
        ParameterLocation = 0xFFFF;
        Block = block;
        NamespaceId = namespaceId;
    }
}
