namespace Viaduct.Cli.Lab.Yaml;

/// <summary>What is wrong in a file, each with its place, so that one reading tells all.</summary>
internal sealed class YamlProblems
{
    /// <summary>More than these are counted rather than kept.</summary>
    internal const int Most = 20;

    private readonly List<(YamlPosition At, string Message)> _problems = [];
    private int _more;

    /// <summary>Whether there is one.</summary>
    internal bool Any => _problems.Count > 0;

    /// <summary>Notes one.</summary>
    internal void Add(YamlPosition at, string found, string expected)
    {
        if (_problems.Count == Most)
        {
            _more++;
            return;
        }

        _problems.Add((at, $"found {found}, expected {expected}"));
    }

    /// <summary>The messages in the order of the file: <c>FILE:LINE:COLUMN: found …, expected …</c>.</summary>
    internal IReadOnlyList<string> Messages(string file)
    {
        List<string> messages =
        [
            .. _problems
                .OrderBy(problem => problem.At.Line)
                .ThenBy(problem => problem.At.Column)
                .Select(problem => $"{file}:{problem.At.Line}:{problem.At.Column}: {problem.Message}"),
        ];
        if (_more > 0)
        {
            messages.Add($"{file}: and {_more} more");
        }

        return messages;
    }
}
