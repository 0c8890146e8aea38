using Viaduct.Backends.Block;

namespace Viaduct.Cli.Parsing;

/// <summary>The value of <c>--disk</c> of <c>viaduct serve</c>.</summary>
internal static class ServedDiskOption
{
    internal const string Syntax = "path=F[,format=raw][,readonly][,direct]";

    /// <summary>Reads one.</summary>
    /// <exception cref="FormatException">It is no disk; the message quotes the part.</exception>
    internal static RawBlockOptions Parse(string value)
    {
        SubOptions parts = new("--disk", value);
        string path = parts.Take("path") ?? throw new FormatException($"--disk '{value}': no path=…");
        _ = parts.TakeOneOf("format", "raw");
        RawBlockOptions disk = new() { Path = path, ReadOnly = parts.TakeFlag("readonly"), Direct = parts.TakeFlag("direct") };
        parts.Finish();
        return disk;
    }
}
