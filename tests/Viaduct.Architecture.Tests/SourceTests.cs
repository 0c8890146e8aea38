using System.Text.RegularExpressions;

namespace Viaduct.Architecture.Tests;

/// <summary>Rules of the source that no analyzer of ours checks.</summary>
public sealed partial class SourceTests
{
    [Fact]
    public void Source_ImportsNativeCallsByLibraryImportOnly() => Assert.Empty(Matches(DllImport(), "src"));

    [Fact]
    public void Source_NeverSleepsForATime() => Assert.Empty(Matches(Sleep(), "src"));

    [Fact]
    public void Tests_NeverSleepForATime() =>
        Assert.Empty(Matches(Sleep(), "tests"));

    [Fact]
    public void Console_IsTheCommandLinesAlone() =>
        Assert.All(Matches(ConsoleUse(), "src"), file => Assert.StartsWith("src/Viaduct.Cli/", file, StringComparison.Ordinal));

    [Fact]
    public void Source_HoldsNothingUnfinished() => Assert.Empty(Matches(Unfinished(), "src"));

    private static IEnumerable<string> Matches(Regex pattern, string folder) =>
        Repository.SourceFiles(folder, "*.cs").Where(file => pattern.IsMatch(File.ReadAllText(file))).Select(Repository.Relative);

    [GeneratedRegex(@"\[\s*DllImport\b")]
    private static partial Regex DllImport();

    [GeneratedRegex(@"\bThread\s*\.\s*Sleep\s*\(")]
    private static partial Regex Sleep();

    [GeneratedRegex(@"\bConsole\s*\.\s*(Write|Error|Out|In|Read|Open)")]
    private static partial Regex ConsoleUse();

    [GeneratedRegex(@"\bNotImplementedException\b|//.*\b(TODO|FIXME|HACK)\b")]
    private static partial Regex Unfinished();
}
