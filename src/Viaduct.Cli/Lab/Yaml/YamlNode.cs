namespace Viaduct.Cli.Lab.Yaml;

/// <summary>A part of a file: a scalar, a list or a mapping. A part that has an anchor may stand in several places of the tree.</summary>
/// <param name="At">Where it begins.</param>
internal abstract record YamlNode(YamlPosition At)
{
    /// <summary>Parts in it with itself, each as often as it stands there.</summary>
    internal abstract long Size { get; }

    /// <summary>What a message calls it.</summary>
    internal abstract string Found { get; }
}
