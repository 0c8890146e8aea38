namespace Viaduct.Cli.Lab;

/// <summary>A lab can't start.</summary>
/// <param name="message">Which part of it, and why.</param>
/// <param name="exitCode">The process's exit status.</param>
internal sealed class LabFailedException(string message, int exitCode) : Exception(message)
{
    /// <summary>The process's exit status.</summary>
    internal int ExitCode => exitCode;
}
