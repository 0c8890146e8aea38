namespace Viaduct.Architecture.Tests;

/// <summary>Dependencies point one way: devices know the platform and the back-ends, the machine knows all, nobody knows the command line.</summary>
public sealed class DependencyTests
{
    private static readonly Dictionary<string, string[]> _allowed = new(StringComparer.Ordinal)
    {
        ["Viaduct.Platform"] = [],
        ["Viaduct.Backends"] = ["Viaduct.Platform"],
        ["Viaduct.Emulated"] = ["Viaduct.Platform", "Viaduct.Backends"],
        ["Viaduct.Paravirtual"] = ["Viaduct.Platform", "Viaduct.Backends"],
        ["Viaduct.Assigned"] = ["Viaduct.Platform"],
        ["Viaduct.Sriov"] = ["Viaduct.Platform", "Viaduct.Emulated", "Viaduct.Assigned"],
        ["Viaduct.Engines.Kvm"] = ["Viaduct.Platform"],
        ["Viaduct.Engines.Software"] = ["Viaduct.Platform"],
        ["Viaduct.Machine"] =
        [
            "Viaduct.Platform", "Viaduct.Backends", "Viaduct.Emulated", "Viaduct.Paravirtual", "Viaduct.Assigned",
            "Viaduct.Sriov", "Viaduct.Engines.Kvm", "Viaduct.Engines.Software",
        ],
        ["Viaduct.Cli"] =
        [
            "Viaduct.Platform", "Viaduct.Backends", "Viaduct.Emulated", "Viaduct.Paravirtual", "Viaduct.Assigned",
            "Viaduct.Sriov", "Viaduct.Engines.Kvm", "Viaduct.Engines.Software", "Viaduct.Machine",
        ],
    };

    public static TheoryData<string> Projects() =>
        [.. Repository.SourceFiles("src", "*.csproj").Select(Path.GetFileNameWithoutExtension).Select(name => name!)];

    [Theory]
    [MemberData(nameof(Projects))]
    public void Project_RefersOnlyToWhatLiesBelowIt(string name)
    {
        Assert.True(_allowed.ContainsKey(name), $"{name} has no place in the picture yet: give it one here and in docs/architecture.md");
        string project = Path.Combine(Repository.Root, "src", name, $"{name}.csproj");
        Assert.Empty(Repository.References(project).Except(_allowed[name]));
    }

    [Fact]
    public void Solution_HoldsEveryProject()
    {
        string solution = File.ReadAllText(Path.Combine(Repository.Root, "Viaduct.slnx"));
        IEnumerable<string> projects = Repository.SourceFiles("src", "*.csproj").Concat(Repository.SourceFiles("tests", "*.csproj"));
        Assert.All(projects.Select(Repository.Relative), project => Assert.Contains($"\"{project}\"", solution, StringComparison.Ordinal));
    }
}
