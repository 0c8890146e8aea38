namespace Viaduct.Engines.Software.State;

/// <summary>Why the interpreter's loop was left.</summary>
internal enum ExitReason
{
    /// <summary>The code at RIP must be looked up: it isn't decoded, or time is up.</summary>
    Lookup,

    /// <summary>An exception is to be delivered.</summary>
    Fault,

    /// <summary>HLT.</summary>
    Halt,

    /// <summary>A store changed decoded code; go on with the next instruction.</summary>
    CodeModified,
}
