using System.Diagnostics;
using System.Globalization;

namespace Viaduct.Cli.Console;

/// <summary>Lines on standard error that say what is being done, with the seconds since the command began.</summary>
internal sealed class ProgressLines(TextWriter writer)
{
    private readonly long _began = Stopwatch.GetTimestamp();

    /// <summary>Since the command began.</summary>
    internal TimeSpan Elapsed => Stopwatch.GetElapsedTime(_began);

    internal void Say(string message) =>
        writer.WriteLine(string.Create(CultureInfo.InvariantCulture, $"viaduct: {Elapsed.TotalSeconds,5:F1} s  {message}"));
}
