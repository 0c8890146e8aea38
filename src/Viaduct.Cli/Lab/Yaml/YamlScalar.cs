namespace Viaduct.Cli.Lab.Yaml;

/// <summary>A word, a number or a text.</summary>
/// <param name="At">Where it begins.</param>
/// <param name="Text">What it says, whatever its style.</param>
/// <param name="Plain">Whether it stands there without quotes: only then it may be a number or a truth value.</param>
internal sealed record YamlScalar(YamlPosition At, string Text, bool Plain) : YamlNode(At)
{
    private const int MostQuoted = 60;

    /// <inheritdoc/>
    internal override long Size => 1;

    /// <inheritdoc/>
    internal override string Found => Plain && Text.Length == 0 ? "nothing" : $"'{Quote(Text)}'";

    /// <summary>A text as a message may hold it: short, and nothing that moves a terminal's cursor.</summary>
    internal static string Quote(string text)
    {
        string shortened = text.Length <= MostQuoted ? text : text[..MostQuoted] + "…";
        return string.Create(shortened.Length, shortened, static (safe, source) =>
        {
            for (int i = 0; i < safe.Length; i++)
            {
                safe[i] = char.IsControl(source[i]) || char.IsSurrogate(source[i]) ? '?' : source[i];
            }
        });
    }
}
