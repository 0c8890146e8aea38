using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Viaduct.Cli.Lab.Yaml;

/// <summary>
/// Reads one YAML document into parts with their places. What a file can make of it is bounded: its nesting, and its
/// parts counted as often as aliases repeat them. Tags are refused, since nothing here is made from them.
/// </summary>
internal sealed class YamlReader
{
    /// <summary>How deep parts may lie in each other.</summary>
    internal const int MaxDepth = 16;

    /// <summary>How many parts there may be, repeated ones counted each time.</summary>
    internal const int MaxNodes = 10_000;

    private readonly Scanner _scanner;
    private readonly Parser _parser;
    private readonly YamlProblems _problems;
    private readonly Dictionary<string, YamlNode> _anchors = new(StringComparer.Ordinal);
    private long _nodes;

    private YamlReader(TextReader text, YamlProblems problems)
    {
        _scanner = new Scanner(text);
        _parser = new Parser(_scanner);
        _problems = problems;
    }

    /// <summary>Reads a document.</summary>
    /// <param name="text">The file's contents.</param>
    /// <param name="problems">Gets what is wrong.</param>
    /// <returns>The document, or null where it can't be read at all.</returns>
    internal static YamlNode? Read(string text, YamlProblems problems)
    {
        using StringReader source = new(text);
        YamlReader reader = new(source, problems);
        try
        {
            return reader.ReadDocument();
        }
        catch (UnreadableException error)
        {
            problems.Add(error.At, error.Found, error.Expected);
            return null;
        }
        catch (YamlException error)
        {
            problems.Add(Position(reader._scanner.CurrentPosition), $"what is no YAML ({YamlScalar.Quote(error.Message)})", "YAML");
            return null;
        }
        catch (Exception error) when (error is InvalidOperationException or ArgumentException or IndexOutOfRangeException)
        {
            // What the library does with some texts that it should refuse; it has come as far as the mistake.
            problems.Add(Position(reader._scanner.CurrentPosition), "what is no YAML", "YAML");
            return null;
        }
    }

    private static YamlPosition Position(in Mark mark) => new((int)Math.Max(1, mark.Line), (int)Math.Max(1, mark.Column));

    private YamlNode ReadDocument()
    {
        _ = _parser.Consume<StreamStart>();
        if (_parser.Accept<StreamEnd>(out _))
        {
            throw new UnreadableException(new YamlPosition(1, 1), "an empty file", "a mapping with 'guests'");
        }

        _ = _parser.Consume<DocumentStart>();
        YamlNode document = ReadNode(0);
        _ = _parser.Consume<DocumentEnd>();
        return _parser.Accept<StreamEnd>(out _)
            ? document
            : throw new UnreadableException(Position(_parser.Current!.Start), "a second document", "the end of the file");
    }

    private YamlNode ReadNode(int depth)
    {
        ParsingEvent next = _parser.Consume<ParsingEvent>();
        YamlPosition at = Position(next.Start);
        if (depth > MaxDepth)
        {
            throw new UnreadableException(at, $"parts in more than {MaxDepth} others", "less nesting");
        }

        if (next is AnchorAlias alias)
        {
            return Repeat(alias, at);
        }

        Count(1, at);
        if (next is not NodeEvent node)
        {
            throw new UnreadableException(at, "the end of a part", "a value");
        }

        if (!node.Tag.IsEmpty)
        {
            _problems.Add(at, $"the tag '{YamlScalar.Quote(node.Tag.ToString())}'", "no tag");
        }

        YamlNode read = node switch
        {
            Scalar scalar => new YamlScalar(at, scalar.Value, scalar.Style == ScalarStyle.Plain),
            SequenceStart => ReadSequence(at, depth),
            _ => ReadMapping(at, depth),
        };
        if (!node.Anchor.IsEmpty)
        {
            _anchors[node.Anchor.Value] = read;
        }

        return read;
    }

    private YamlNode Repeat(AnchorAlias alias, YamlPosition at)
    {
        if (!_anchors.TryGetValue(alias.Value.Value, out YamlNode? anchored))
        {
            throw new UnreadableException(at, $"'*{YamlScalar.Quote(alias.Value.Value)}'", "the name of an anchor before it");
        }

        Count(anchored.Size, at);
        return anchored;
    }

    private YamlSequence ReadSequence(YamlPosition at, int depth)
    {
        List<YamlNode> items = [];
        while (!_parser.TryConsume<SequenceEnd>(out _))
        {
            items.Add(ReadNode(depth + 1));
        }

        return new YamlSequence(at, items);
    }

    private YamlMapping ReadMapping(YamlPosition at, int depth)
    {
        List<YamlEntry> entries = [];
        Dictionary<string, int> lines = new(StringComparer.Ordinal);
        while (!_parser.TryConsume<MappingEnd>(out _))
        {
            YamlNode key = ReadNode(depth + 1);
            YamlNode value = ReadNode(depth + 1);
            if (key is not YamlScalar name)
            {
                _problems.Add(key.At, $"{key.Found} as a key", "a word");
            }
            else if (!lines.TryAdd(name.Text, name.At.Line))
            {
                _problems.Add(name.At, $"{name.Found} again", $"it once: it stands on line {lines[name.Text]}");
            }
            else
            {
                entries.Add(new YamlEntry(name, value));
            }
        }

        return new YamlMapping(at, entries);
    }

    private void Count(long nodes, YamlPosition at)
    {
        _nodes += nodes;
        if (_nodes > MaxNodes)
        {
            throw new UnreadableException(at, $"more than {MaxNodes} parts", "a smaller file, or aliases that repeat less");
        }
    }

    /// <summary>Reading can't go on.</summary>
    private sealed class UnreadableException(YamlPosition at, string found, string expected) : Exception
    {
        internal YamlPosition At => at;

        internal string Found => found;

        internal string Expected => expected;
    }
}
