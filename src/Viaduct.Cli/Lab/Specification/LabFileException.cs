namespace Viaduct.Cli.Lab.Specification;

/// <summary>A lab's file can't be used.</summary>
/// <param name="problems">What is wrong: a line each, with its place.</param>
internal sealed class LabFileException(IReadOnlyList<string> problems) : Exception(string.Join('\n', problems))
{
    /// <summary>What is wrong: a line each, with its place.</summary>
    internal IReadOnlyList<string> Problems => problems;
}
