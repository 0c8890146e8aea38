using System.Globalization;
using Viaduct.Backends.Block;

namespace Viaduct.Cli.Parsing;

/// <summary>The value of <c>--disk</c> of <c>viaduct serve</c>.</summary>
internal sealed record ServedDiskOption
{
    internal const string Syntax = AloneSyntax + "[,vf=N|,shared]";

    /// <summary>The parts for a device without virtual functions.</summary>
    internal const string AloneSyntax = "path=F[,format=raw][,readonly][,direct][,id=I]";

    /// <summary>The longest id of a device.</summary>
    internal const int LongestId = 20;

    /// <summary>The image.</summary>
    internal required RawBlockOptions Image { get; init; }

    /// <summary>What the device is called after it; null where it isn't given.</summary>
    internal string? Id { get; init; }

    /// <summary>Whose it is: 0 the physical function's, else a virtual one's; null where it isn't given.</summary>
    internal int? Function { get; init; }

    /// <summary>Whether all functions have it.</summary>
    internal bool Shared { get; init; }

    /// <summary>Reads one.</summary>
    /// <param name="value">What the user wrote.</param>
    /// <param name="virtualFunctions">How many the device has.</param>
    /// <exception cref="FormatException">It is no disk; the message quotes the part.</exception>
    internal static ServedDiskOption Parse(string value, int virtualFunctions)
    {
        SubOptions parts = new("--disk", value);
        string path = parts.Take("path") ?? throw new FormatException($"--disk '{value}': no path=…");
        _ = parts.TakeOneOf("format", "raw");
        string? function = parts.Take("vf");
        ServedDiskOption disk = new()
        {
            Image = new RawBlockOptions { Path = path, ReadOnly = parts.TakeFlag("readonly"), Direct = parts.TakeFlag("direct") },
            Id = parts.Take("id") is { } id ? CheckId("--disk: 'id=", id) : null,
            Function = function is null ? null : ParseFunction(function, virtualFunctions),
            Shared = parts.TakeFlag("shared"),
        };
        parts.Finish();
        if (disk.Shared && (virtualFunctions == 0 || disk.Function is not null))
        {
            throw new FormatException(virtualFunctions == 0 ? "--disk: 'shared' takes the --vfs of 'serve nvme'" : $"--disk '{value}': 'shared' gives it to all, 'vf={function}' to one");
        }

        return disk;
    }

    /// <summary>Checks an id.</summary>
    /// <exception cref="FormatException">It can't be one.</exception>
    internal static string CheckId(string option, string id) =>
        id.Length is > 0 and <= LongestId && id.All(IsIdCharacter) ? id : throw new FormatException($"{option}{id}' must be at most {LongestId} letters, digits, '-', '_' or '.'");

    /// <summary>Whether an id can hold a character.</summary>
    internal static bool IsIdCharacter(char character) => char.IsAsciiLetterOrDigit(character) || character is '-' or '_' or '.';

    private static int ParseFunction(string value, int virtualFunctions) =>
        virtualFunctions == 0 ? throw new FormatException($"--disk: 'vf={value}' takes the --vfs of 'serve nvme'")
        : int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number <= virtualFunctions ? number
        : throw new FormatException($"--disk: 'vf={value}' is no function: 0 is the physical one, 1 to {virtualFunctions} are the virtual ones");
}
