namespace Viaduct.Cli.Lab.Yaml;

/// <summary>A key of a mapping with its value.</summary>
/// <param name="Key">The key.</param>
/// <param name="Value">Its value.</param>
internal sealed record YamlEntry(YamlScalar Key, YamlNode Value);
