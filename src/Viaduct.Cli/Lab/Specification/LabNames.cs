using System.Globalization;
using Viaduct.Cli.Lab.Yaml;

namespace Viaduct.Cli.Lab.Specification;

/// <summary>Names of guests, devices and disks: they stand in messages, in file names and on other programs' command lines.</summary>
internal static class LabNames
{
    /// <summary>What a message expects.</summary>
    internal const string Rule = "a name: at most 20 letters, digits, '-', '_' or '.', a letter or digit first";

    private const int Longest = 20;

    internal static bool IsName(string text) =>
        text.Length is > 0 and <= Longest
        && char.IsAsciiLetterOrDigit(text[0])
        && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.');

    /// <summary>A name of the user's own choice, or else one by number.</summary>
    internal static string Id(YamlFields fields, YamlProblems problems, string otherwise, int index)
    {
        string? id = fields.Text("id", Rule);
        if (id is not null && !IsName(id))
        {
            problems.Add(fields.Place("id"), fields.Node("id")!.Found, Rule);
        }

        return id ?? otherwise + index.ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>Refuses ids that stand twice.</summary>
    internal static void CheckUnique(IEnumerable<(string Id, YamlPosition At)> ids, string what, YamlProblems problems)
    {
        HashSet<string> seen = new(StringComparer.Ordinal);
        foreach ((string id, YamlPosition at) in ids)
        {
            if (!seen.Add(id))
            {
                problems.Add(at, $"the id '{id}' again", $"{what} with ids that differ");
            }
        }
    }
}
