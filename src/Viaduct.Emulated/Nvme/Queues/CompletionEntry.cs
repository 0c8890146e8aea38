namespace Viaduct.Emulated.Nvme.Queues;

/// <summary>An entry of a completion queue (NVMe 1.4, 4.6): 16 bytes, as the two halves in which they are written.</summary>
internal readonly struct CompletionEntry
{
    /// <summary>Bytes an entry takes; log2 of it is what CC.IOCQES must say.</summary>
    internal const int Size = 16;

    /// <param name="result">Dword 0, the command's own.</param>
    /// <param name="submissionHead">How far the submission queue was fetched.</param>
    /// <param name="submissionQueue">The queue that the command came in.</param>
    /// <param name="commandId">The command.</param>
    /// <param name="status">How it ended.</param>
    /// <param name="phase">The phase tag of this round of the queue.</param>
    internal CompletionEntry(uint result, int submissionHead, int submissionQueue, ushort commandId, NvmeStatus status, bool phase)
    {
        First = result;
        Second = (ushort)submissionHead
            | ((ulong)(ushort)submissionQueue << 16)
            | ((ulong)commandId << 32)
            | ((ulong)(((uint)status << 1) | (phase ? 1u : 0u)) << 48);
    }

    /// <summary>Dwords 0 and 1.</summary>
    internal ulong First { get; }

    /// <summary>Dwords 2 and 3, the phase tag among them: stored last and at once.</summary>
    internal ulong Second { get; }
}
