namespace Viaduct.Paravirtual.Queues;

/// <summary>Why a queue can't be gone on with.</summary>
public enum QueueError : byte
{
    /// <summary>Nothing is wrong.</summary>
    None,

    /// <summary>Part of the ring is not memory.</summary>
    RingNotMemory,

    /// <summary>The available index ran further ahead than the ring is long.</summary>
    AvailableIndexTooFar,

    /// <summary>More chains are available than were returned.</summary>
    TooManyChains,

    /// <summary>A descriptor's index is outside its table.</summary>
    IndexOutOfRange,

    /// <summary>A chain has more descriptors than a queue may hold: endless, or too long.</summary>
    ChainTooLong,

    /// <summary>A descriptor that the device writes comes before one that it reads.</summary>
    ReadableAfterWritable,

    /// <summary>An indirect descriptor without the feature.</summary>
    IndirectNotNegotiated,

    /// <summary>An indirect descriptor inside an indirect table.</summary>
    IndirectInsideIndirect,

    /// <summary>An indirect descriptor that goes on, or is part of a packed chain.</summary>
    IndirectInsideChain,

    /// <summary>An indirect table of no whole number of descriptors, or of too many.</summary>
    IndirectTableLength,

    /// <summary>Part of an indirect table is not memory.</summary>
    IndirectTableNotMemory,

    /// <summary>Part of a buffer is not memory, and the device has no way to say so in its answer.</summary>
    BufferNotMemory,

    /// <summary>The chain has no room for what the device has to answer.</summary>
    NoRoomForAnswer,

    /// <summary>The place for the answer is not memory.</summary>
    AnswerNotMemory,
}
