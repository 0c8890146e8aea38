namespace Viaduct.Cli.Lab.Yaml;

/// <summary>A list.</summary>
/// <param name="At">Where it begins.</param>
/// <param name="Items">What is in it.</param>
internal sealed record YamlSequence(YamlPosition At, IReadOnlyList<YamlNode> Items) : YamlNode(At)
{
    /// <inheritdoc/>
    internal override long Size { get; } = 1 + Items.Sum(item => item.Size);

    /// <inheritdoc/>
    internal override string Found => "a list";
}
