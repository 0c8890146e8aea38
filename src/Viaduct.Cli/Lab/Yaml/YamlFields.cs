using System.Globalization;
using Viaduct.Cli.Parsing;

namespace Viaduct.Cli.Lab.Yaml;

/// <summary>The values of a mapping by their keys, each checked as it is taken. A key that isn't known is a problem at once.</summary>
internal sealed class YamlFields
{
    private readonly Dictionary<string, YamlNode> _values = new(StringComparer.Ordinal);
    private readonly YamlProblems _problems;

    /// <param name="mapping">The mapping; a node of another kind is a problem, and then there are no values.</param>
    /// <param name="what">What it describes, for messages: "a disk".</param>
    /// <param name="keys">The keys it may have.</param>
    /// <param name="problems">Gets what is wrong.</param>
    internal YamlFields(YamlNode mapping, string what, IReadOnlyList<string> keys, YamlProblems problems)
    {
        _problems = problems;
        At = mapping.At;
        if (mapping is not YamlMapping fields)
        {
            problems.Add(mapping.At, mapping.Found, $"{what} as a mapping with {Words(keys, "and")}");
            return;
        }

        foreach (YamlEntry entry in fields.Entries)
        {
            if (keys.Contains(entry.Key.Text, StringComparer.Ordinal))
            {
                _values.Add(entry.Key.Text, entry.Value);
            }
            else
            {
                problems.Add(entry.Key.At, $"{entry.Key.Found} in {what}", $"one of {Words(keys, "or")}");
            }
        }
    }

    /// <summary>Where the mapping begins.</summary>
    internal YamlPosition At { get; }

    /// <summary>Whether a key is there.</summary>
    internal bool Has(string key) => _values.ContainsKey(key);

    /// <summary>The place of a key's value, or of the mapping.</summary>
    internal YamlPosition Place(string key) => Node(key)?.At ?? At;

    /// <summary>The value as it stands, or null.</summary>
    internal YamlNode? Node(string key) => _values.GetValueOrDefault(key);

    /// <summary>A value on one line, or null.</summary>
    internal string? Text(string key, string expected)
    {
        if (Node(key) is not { } node)
        {
            return null;
        }

        if (node is YamlScalar { Text.Length: > 0 } scalar && !scalar.Text.Any(char.IsControl))
        {
            return scalar.Text;
        }

        _problems.Add(node.At, node.Found, expected);
        return null;
    }

    /// <summary>A text of any number of lines, or null.</summary>
    internal string? Lines(string key, string expected)
    {
        if (Node(key) is not { } node)
        {
            return null;
        }

        if (node is YamlScalar { Text.Length: > 0 } scalar && !scalar.Text.Contains('\0', StringComparison.Ordinal))
        {
            return scalar.Text;
        }

        _problems.Add(node.At, node.Found, expected);
        return null;
    }

    /// <summary>One of several words, or null.</summary>
    internal string? OneOf(string key, params IReadOnlyList<string> words)
    {
        if (Node(key) is not { } node)
        {
            return null;
        }

        if (node is YamlScalar scalar && words.Contains(scalar.Text, StringComparer.Ordinal))
        {
            return scalar.Text;
        }

        _problems.Add(node.At, node.Found, Words(words, "or"));
        return null;
    }

    /// <summary>A truth value; false where it isn't there.</summary>
    internal bool Flag(string key)
    {
        switch (Node(key))
        {
            case null:
            case YamlScalar { Plain: true, Text: "false" }:
                return false;
            case YamlScalar { Plain: true, Text: "true" }:
                return true;
            case { } node:
                _problems.Add(node.At, node.Found, "true or false");
                return false;
        }
    }

    /// <summary>A whole number within bounds, or null.</summary>
    internal long? Number(string key, long least, long most)
    {
        if (Node(key) is not { } node)
        {
            return null;
        }

        if (node is YamlScalar { Plain: true } scalar
            && long.TryParse(scalar.Text, NumberStyles.None, CultureInfo.InvariantCulture, out long number)
            && number >= least
            && number <= most)
        {
            return number;
        }

        _problems.Add(node.At, node.Found, least == most ? $"{least}" : $"a number from {least} to {most}");
        return null;
    }

    /// <summary>A number of bytes within bounds, in whole units, or null.</summary>
    internal ulong? Size(string key, ulong least, ulong most, uint unit)
    {
        if (Node(key) is not { } node)
        {
            return null;
        }

        if (node is YamlScalar scalar && SizeParser.TryParse(scalar.Text, out ulong bytes) && bytes >= least && bytes <= most && bytes % unit == 0)
        {
            return bytes;
        }

        _problems.Add(node.At, node.Found, $"a size from {SizeParser.Format(least)} to {SizeParser.Format(most)}, in units of {unit} bytes, as 512M");
        return null;
    }

    /// <summary>The items of a list; none where it isn't there.</summary>
    internal IReadOnlyList<YamlNode> Items(string key, string expected)
    {
        switch (Node(key))
        {
            case null:
                return [];
            case YamlSequence list:
                return list.Items;
            case { } node:
                _problems.Add(node.At, node.Found, expected);
                return [];
        }
    }

    /// <summary>Words for a message: 'a', 'b' or 'c'.</summary>
    internal static string Words(IReadOnlyList<string> words, string joint) => words.Count switch
    {
        0 => "none",
        1 => $"'{words[0]}'",
        _ => $"{string.Join(", ", words.Take(words.Count - 1).Select(word => $"'{word}'"))} {joint} '{words[^1]}'",
    };
}
