namespace Viaduct.Engines.Software.Translator;

/// <summary>Where the guest's arithmetic flags can be had; at least one holds.</summary>
internal readonly record struct FlagPlace
{
    /// <summary>In the host's own flags.</summary>
    internal bool InHost { get; init; }

    /// <summary>In the state.</summary>
    internal bool InState { get; init; }

    /// <summary>From registers again.</summary>
    internal FlagSource Source { get; init; }
}
