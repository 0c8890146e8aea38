namespace Viaduct.Cli.Lab.Specification;

/// <summary>Where a guest's console goes.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Path">The file or the socket; empty for others.</param>
internal sealed record LabConsole(LabConsoleKind Kind, string Path = "");
