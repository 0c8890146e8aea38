namespace Viaduct.Cli.Lab.Yaml;

/// <summary>A place in a file.</summary>
/// <param name="Line">From 1.</param>
/// <param name="Column">From 1.</param>
internal readonly record struct YamlPosition(int Line, int Column);
