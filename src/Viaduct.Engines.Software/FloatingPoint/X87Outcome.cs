namespace Viaduct.Engines.Software.FloatingPoint;

/// <summary>How an x87 instruction ended.</summary>
public enum X87Outcome
{
    /// <summary>It is done; a store's memory operand is to be written.</summary>
    Done,

    /// <summary>It is done, but an unmasked exception keeps a store from its memory operand.</summary>
    NothingStored,

    /// <summary>It wasn't executed: #MF for an exception that was pending.</summary>
    PendingException,
}
