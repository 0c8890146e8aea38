using Iced.Intel;

namespace Viaduct.Engines.Software.Translator;

/// <summary>An instruction of the block that is being translated, with what the others need to know of it.</summary>
internal struct GuestInstruction
{
    /// <summary>As it was decoded; addresses count from the start of its page.</summary>
    internal Instruction Instruction;

    /// <summary>How it is translated.</summary>
    internal TranslationKind Kind;

    /// <summary>What it does with the flags.</summary>
    internal FlagUse Flags;

    /// <summary>Guest registers that it writes, one bit each.</summary>
    internal int Written;

    /// <summary>Whether translated code can be left at it.</summary>
    internal bool MayLeave;

    /// <summary>Index of its op.</summary>
    internal uint Op;

    /// <summary>How many instructions of the block are done when it is.</summary>
    internal byte Ordinal;
}
