using Viaduct.Machine.Specification;
using Viaduct.Platform.Accounting;

namespace Viaduct.Cli.Parsing;

/// <summary>The value of <c>--disk</c>.</summary>
internal static class DiskOption
{
    internal const string Syntax = "path=F[,road=emulated|paravirtual][,format=raw][,readonly][,direct][,id=I]";

    /// <summary>Reads one.</summary>
    /// <param name="value">What the user wrote.</param>
    /// <param name="index">Its place among the disks, for an id of its own.</param>
    /// <exception cref="FormatException">It is no disk; the message quotes the part.</exception>
    internal static DiskSpec Parse(string value, int index)
    {
        SubOptions parts = new("--disk", value);
        string path = parts.Take("path") ?? throw new FormatException($"--disk '{value}': no path=…");
        string road = parts.TakeOneOf("road", "emulated", "paravirtual") ?? "paravirtual";
        _ = parts.TakeOneOf("format", "raw");
        DiskSpec disk = new()
        {
            Path = path,
            Road = road == "emulated" ? Road.Emulated : Road.Paravirtual,
            ReadOnly = parts.TakeFlag("readonly"),
            Direct = parts.TakeFlag("direct"),
            Id = parts.Take("id") ?? $"disk{index}",
        };
        parts.Finish();
        if (disk.Id.Length > 20 || !disk.Id.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.'))
        {
            throw new FormatException($"--disk: 'id={disk.Id}' must be at most 20 letters, digits, '-', '_' or '.'");
        }

        return disk;
    }
}
