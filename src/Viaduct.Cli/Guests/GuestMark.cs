namespace Viaduct.Cli.Guests;

/// <summary>A line by which a script in the guest tells the monitor where it is: <c>@viaduct VERB WORD…</c>.</summary>
internal sealed record GuestMark
{
    private const string Prefix = "@viaduct ";

    /// <summary>What happened.</summary>
    internal required string Verb { get; init; }

    /// <summary>What else it says.</summary>
    internal required IReadOnlyList<string> Words { get; init; }

    /// <summary>A word, or nothing where the guest said less.</summary>
    internal string Word(int index) => index < Words.Count ? Words[index] : "";

    /// <summary>Reads a line; null where it is none. A message of the kernel may stand before it, on the same line.</summary>
    internal static GuestMark? TryParse(string line)
    {
        int start = line.IndexOf(Prefix, StringComparison.Ordinal);
        if (start < 0)
        {
            return null;
        }

        string[] words = line[(start + Prefix.Length)..].Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return words.Length == 0 ? null : new GuestMark { Verb = words[0], Words = words[1..] };
    }
}
