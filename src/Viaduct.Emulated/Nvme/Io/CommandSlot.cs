using Viaduct.Emulated.Nvme.Queues;

namespace Viaduct.Emulated.Nvme.Io;

/// <summary>A command between its fetch and its completion.</summary>
internal struct CommandSlot
{
    /// <summary>Where it came from; null while the slot is free.</summary>
    internal SubmissionQueue? Queue;

    /// <summary>The namespace it works on, where it works on one.</summary>
    internal NvmeNamespace? Namespace;

    /// <summary>Commands are numbered as they are fetched.</summary>
    internal ulong Serial;

    /// <summary>What to do when the back-end finished a part of it.</summary>
    internal CommandKind Kind;

    internal ushort CommandId;

    /// <summary>Durable before it completes.</summary>
    internal bool Durable;

    /// <summary>How it ends, so far.</summary>
    internal NvmeStatus Status;

    internal uint NamespaceId;

    /// <summary>Dword 0 of the completion, once that waits for room.</summary>
    internal uint Result;

    /// <summary>Back-end requests that are under way.</summary>
    internal int Requests;

    /// <summary>The next slot in the list that this one is in, or -1.</summary>
    internal int Next;

    /// <summary>A working buffer (<see cref="WorkBuffers"/>), or -1.</summary>
    internal int Buffer;

    /// <summary>Bytes of a transfer; entries of a range list; log2 of a format's block.</summary>
    internal int Length;

    /// <summary>How far a command of several steps has come: a byte offset, or the next range.</summary>
    internal ulong Position;

    /// <summary>The starting LBA, for the error log.</summary>
    internal ulong Block;
}
