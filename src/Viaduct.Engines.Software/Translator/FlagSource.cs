namespace Viaduct.Engines.Software.Translator;

/// <summary>How the flags of a finished instruction can be had again, from registers that still hold what they need.</summary>
internal readonly record struct FlagSource(FlagSourceKind Kind, int Size, int Left, int Right, int Immediate)
{
    /// <summary>No way.</summary>
    internal static FlagSource None => default;

    /// <summary>Whether it needs a guest register that a mask names.</summary>
    internal bool Uses(int registers) =>
        Kind != FlagSourceKind.None && ((registers & (1 << Left)) != 0 || (Right >= 0 && (registers & (1 << Right)) != 0));
}
