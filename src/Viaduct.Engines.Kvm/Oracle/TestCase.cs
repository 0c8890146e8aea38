using Iced.Intel;

namespace Viaduct.Engines.Kvm.Oracle;

/// <summary>One case as it was made: what runs, and what its result leaves open.</summary>
/// <param name="Index">Its number; with the seed it says all.</param>
/// <param name="Mnemonic">The instruction that the case is filed under: the last one, or what it would be without a LOCK that doesn't belong there.</param>
/// <param name="Code">The instructions' bytes.</param>
/// <param name="Instructions">The instructions.</param>
/// <param name="UndefinedFlags">RFLAGS bits that the manual leaves undefined after it.</param>
/// <param name="UndefinedFlagsAfterException">The same, when an exception ended it.</param>
/// <param name="UndefinedStatus">FPU status word bits that the manual leaves undefined after it.</param>
/// <param name="IgnoredMemory">Ranges of the scratch area that hold what processors fill differently.</param>
internal sealed record TestCase(
    ulong Index,
    Mnemonic Mnemonic,
    byte[] Code,
    Instruction[] Instructions,
    ulong UndefinedFlags,
    ulong UndefinedFlagsAfterException,
    ushort UndefinedStatus,
    IReadOnlyList<Range> IgnoredMemory);
