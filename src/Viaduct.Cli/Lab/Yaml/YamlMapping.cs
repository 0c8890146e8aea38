namespace Viaduct.Cli.Lab.Yaml;

/// <summary>A mapping; its keys differ.</summary>
/// <param name="At">Where it begins.</param>
/// <param name="Entries">Keys and values in their order.</param>
internal sealed record YamlMapping(YamlPosition At, IReadOnlyList<YamlEntry> Entries) : YamlNode(At)
{
    /// <inheritdoc/>
    internal override long Size { get; } = 1 + Entries.Sum(entry => 1 + entry.Value.Size);

    /// <inheritdoc/>
    internal override string Found => "a mapping";
}
