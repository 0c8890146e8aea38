namespace Viaduct.Engines.Software.Translator;

/// <summary>Which operation gives the flags again.</summary>
internal enum FlagSourceKind
{
    None,

    /// <summary>Comparison of left and right.</summary>
    Compare,

    /// <summary>TEST of left and right; of a result with itself for AND, OR, XOR.</summary>
    Test,

    /// <summary>Left is a sum: right is taken off and added again.</summary>
    Add,

    /// <summary>Left is a difference: right is added and taken off again.</summary>
    Subtract,
}
