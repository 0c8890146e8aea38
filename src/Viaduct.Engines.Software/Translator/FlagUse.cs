namespace Viaduct.Engines.Software.Translator;

/// <summary>What an instruction does with the arithmetic flags.</summary>
internal enum FlagUse
{
    None,

    /// <summary>Reads some, changes none.</summary>
    Reads,

    /// <summary>Sets or undefines all, reads none.</summary>
    Writes,

    /// <summary>Changes some, or perhaps none: needs those of before.</summary>
    Merges,
}
