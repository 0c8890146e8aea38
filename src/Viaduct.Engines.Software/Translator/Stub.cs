namespace Viaduct.Engines.Software.Translator;

/// <summary>Code that stands after its block, for what seldom happens at one instruction.</summary>
internal struct Stub
{
    /// <summary>What leads there: displacements of jumps, zero for none.</summary>
    internal int FirstJump;
    internal int SecondJump;
    internal int ThirdJump;

    /// <summary>Where the flags are at those jumps.</summary>
    internal FlagPlace Flags;

    /// <summary>Whether it is a taken branch, and not an instruction that is left to the interpreter.</summary>
    internal bool IsBranch;

    /// <summary>Instruction left: the op. Branch: how many instructions are done with it.</summary>
    internal uint Op;

    /// <summary>Instruction left: where the block goes on after it; zero where it does not.</summary>
    internal int Resume;

    /// <summary>Instruction left: whether the block goes on with the guest's flags in the host's.</summary>
    internal bool ResumesWithFlags;

    /// <summary>Branch: the target, from the start of the page.</summary>
    internal long Target;
}
