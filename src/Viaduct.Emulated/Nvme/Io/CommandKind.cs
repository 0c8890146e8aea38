namespace Viaduct.Emulated.Nvme.Io;

/// <summary>What a command in flight waits for.</summary>
internal enum CommandKind : byte
{
    /// <summary>Nothing of a back-end: an event request, a deletion.</summary>
    Parked,
    Read,
    Write,
    Flush,
    Compare,
    WriteZeroes,

    /// <summary>The flush that makes a Write Zeroes with Force Unit Access durable.</summary>
    FlushAfter,
    Deallocate,
    Format,

    /// <summary>A namespace is being made.</summary>
    Create,
}
