namespace Viaduct.Backends.Block.Raw;

/// <summary>Where a request stands.</summary>
internal enum RawPhase : byte
{
    Done,

    /// <summary>Bytes go straight between the segments and the file.</summary>
    Transfer,

    /// <summary>Bytes go by way of an aligned buffer, because <c>O_DIRECT</c> can't take the segments.</summary>
    Bounce,

    /// <summary>A hole is punched.</summary>
    Punch,

    /// <summary>The file system marks the range as zeroes.</summary>
    ZeroRange,

    /// <summary>Zeroes are written, because the file system has no better way.</summary>
    ZeroFill,

    /// <summary>What was written is made durable.</summary>
    Sync,
}
