namespace Viaduct.Lab.Outer;

/// <summary>How a script ended.</summary>
/// <param name="Status">Its exit status; 128 and a signal's number where one ended it.</param>
/// <param name="Output">What it wrote to standard output and standard error.</param>
internal sealed record OuterResult(int Status, string Output)
{
    /// <summary>Its lines, without their ends.</summary>
    internal string[] Lines => Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.TrimEnd('\r')).ToArray();
}
