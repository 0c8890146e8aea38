namespace Viaduct.Cli.Parsing;

/// <summary>The parts of an option's value: <c>key=value,key=value,flag</c>. Each may be taken once; what is left over is an error that quotes it.</summary>
internal sealed class SubOptions
{
    private readonly string _option;
    private readonly Dictionary<string, string?> _parts = new(StringComparer.Ordinal);

    /// <param name="option">The option's name, for messages.</param>
    /// <param name="value">Its value.</param>
    /// <exception cref="FormatException">A part is empty or stands twice.</exception>
    internal SubOptions(string option, string value)
    {
        _option = option;
        foreach (string part in value.Split(','))
        {
            int equals = part.IndexOf('=', StringComparison.Ordinal);
            string key = equals < 0 ? part : part[..equals];
            if (key.Length == 0)
            {
                throw new FormatException($"{option} '{value}': an empty part");
            }

            if (!_parts.TryAdd(key, equals < 0 ? null : part[(equals + 1)..]))
            {
                throw new FormatException($"{option} '{value}': '{key}' stands twice");
            }
        }
    }

    /// <summary>Takes a value, or null where the key isn't there.</summary>
    /// <exception cref="FormatException">The key is there without a value.</exception>
    internal string? Take(string key)
    {
        if (!_parts.Remove(key, out string? value))
        {
            return null;
        }

        return string.IsNullOrEmpty(value) ? throw new FormatException($"{_option}: '{key}' needs a value, as in {key}=…") : value;
    }

    /// <summary>Takes one of several words.</summary>
    /// <exception cref="FormatException">It is another word.</exception>
    internal string? TakeOneOf(string key, params ReadOnlySpan<string> words)
    {
        string? value = Take(key);
        if (value is null || words.Contains(value))
        {
            return value;
        }

        throw new FormatException($"{_option}: '{key}={value}' is none of {string.Join(", ", words!)}");
    }

    /// <summary>Takes a flag: there without a value, or with on or off.</summary>
    /// <exception cref="FormatException">It has another value.</exception>
    internal bool TakeFlag(string key)
    {
        if (!_parts.Remove(key, out string? value))
        {
            return false;
        }

        return value switch
        {
            null or "on" => true,
            "off" => false,
            _ => throw new FormatException($"{_option}: '{key}={value}' is neither on nor off"),
        };
    }

    /// <summary>Says what nothing took.</summary>
    /// <exception cref="FormatException">Something is left.</exception>
    internal void Finish()
    {
        if (_parts.Count > 0)
        {
            throw new FormatException($"{_option}: '{_parts.Keys.First()}' isn't known here");
        }
    }
}
