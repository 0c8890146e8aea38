using Viaduct.Cli.Lab.Specification;

namespace Viaduct.Cli.Tests.Lab;

/// <summary>Labs for tests, and the repository's own.</summary>
internal static class LabFiles
{
    internal const string Name = "lab.yaml";

    internal static string Repository { get; } = FindRepository();

    internal static IEnumerable<string> Examples =>
        Directory.EnumerateFiles(Path.Combine(Repository, "examples"), "*.yaml").Order(StringComparer.Ordinal);

    internal static LabSpec Read(string text) => LabReader.Read(text, Name, "/labs");

    /// <summary>What is wrong with a lab; nothing where it is right.</summary>
    internal static IReadOnlyList<string> Problems(string text)
    {
        try
        {
            _ = Read(text);
            return [];
        }
        catch (LabFileException error)
        {
            return error.Problems;
        }
    }

    private static string FindRepository()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Viaduct.slnx")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new InvalidOperationException("the tests don't lie in the source tree");
    }
}
