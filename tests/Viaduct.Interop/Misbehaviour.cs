namespace Viaduct.Interop;

/// <summary>What a holder of a function does to it, its server and, if it could, to others.</summary>
public enum Misbehaviour
{
    /// <summary>Bytes that are no messages, messages that make no sense, that are cut off, or come in no order.</summary>
    Messages,

    /// <summary>Memory that isn't there, that can't be, that overlaps, or whose bytes never come.</summary>
    Dma,

    /// <summary>Queues and buffers where it has no memory.</summary>
    Queues,

    /// <summary>One reset after the other.</summary>
    Resets,

    /// <summary>Writes of all kinds to configuration space, BARs and COMMAND first, while it works.</summary>
    Bars,

    /// <summary>Admin commands without end, of all kinds.</summary>
    AdminCommands,

    /// <summary>Doorbells without work behind them, with values that can and can't be.</summary>
    Doorbells,

    /// <summary>Its queue always full.</summary>
    DeepQueue,
}
