namespace Viaduct.Engines.Software.Lowering;

/// <summary>What an instruction means for the block that it is in.</summary>
internal enum BlockFlow
{
    /// <summary>The next instruction follows.</summary>
    Sequential,

    /// <summary>Nothing follows: its handler always goes elsewhere.</summary>
    Ends,

    /// <summary>One more instruction follows, then interrupts must be looked at: STI.</summary>
    EndsAfterNext,
}
