using System.Globalization;
using Viaduct.Sriov;

namespace Viaduct.Cli.Parsing;

/// <summary>What <c>viaduct sriov set</c> is given after the folder: which function, and what is to become of it.</summary>
internal static class FunctionChangeOption
{
    internal const string Syntax = "pf|vf=N [iops=N] [bandwidth=SIZE] [burst=TIME] [online=on|off]";

    /// <summary>Reads it.</summary>
    /// <param name="parts">As the user wrote them.</param>
    /// <exception cref="FormatException">It makes no sense; the message quotes the part.</exception>
    internal static (int Function, FunctionChange Change) Parse(IReadOnlyList<string> parts)
    {
        SubOptions options = new("set", string.Join(',', parts));
        string? number = options.Take("vf");
        bool physical = options.TakeFlag("pf");
        if (physical == number is not null)
        {
            throw new FormatException($"set: name one function, by vf=N or pf; it takes {Syntax}");
        }

        FunctionChange change = new()
        {
            Iops = options.Take("iops") is { } iops ? Number("iops", iops) : null,
            Bandwidth = options.Take("bandwidth") is { } bandwidth ? Size(bandwidth) : null,
            Burst = options.Take("burst") is { } burst ? Time(burst) : null,
            Online = options.TakeOneOf("online", "on", "off") is { } online ? online == "on" : null,
        };
        options.Finish();
        return change == new FunctionChange()
            ? throw new FormatException($"set: nothing is to be set; it takes {Syntax}")
            : (number is null ? 0 : (int)Math.Min(Number("vf", number), int.MaxValue), change);
    }

    private static long Number(string key, string value) =>
        long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number : throw new FormatException($"set: '{key}={value}' is no number");

    private static long Size(string value) =>
        value == "0" ? 0
        : SizeParser.TryParse(value, out ulong bytes) && bytes <= long.MaxValue ? (long)bytes
        : throw new FormatException($"set: 'bandwidth={value}' is no number of bytes a second; write 100M, or 0 for no limit");

    private static long Time(string value)
    {
        (string digits, long unit) = value.EndsWith("ms", StringComparison.Ordinal) ? (value[..^2], 1L)
            : value.EndsWith('s') ? (value[..^1], 1000L)
            : (value, 1L);
        return int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out int number)
            ? number * unit
            : throw new FormatException($"set: 'burst={value}' is no time; write 100ms or 2s");
    }
}
