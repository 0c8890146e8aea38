using System.Globalization;
using Viaduct.Machine.Specification;
using Viaduct.Platform.Accounting;

namespace Viaduct.Cli.Parsing;

/// <summary>The value of <c>--disk</c>.</summary>
internal static class DiskOption
{
    internal const string Syntax = "path=F[,road=emulated|paravirtual][,format=raw][,readonly][,direct][,vfs=N[,shared]][,id=I]";

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
            VirtualFunctions = ParseCount(parts.Take("vfs")),
            Shared = parts.TakeFlag("shared"),
            Id = parts.Take("id") ?? $"disk{index}",
        };
        parts.Finish();
        if (disk.VirtualFunctions != 0 && disk.Road != Road.Emulated)
        {
            throw new FormatException($"--disk: 'vfs={disk.VirtualFunctions}' takes road=emulated");
        }

        if (disk.Shared && disk.VirtualFunctions == 0)
        {
            throw new FormatException("--disk: 'shared' takes vfs=…");
        }

        if (disk.Id.Length > 20 || !disk.Id.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.'))
        {
            throw new FormatException($"--disk: 'id={disk.Id}' must be at most 20 letters, digits, '-', '_' or '.'");
        }

        return disk;
    }

    private static int ParseCount(string? value)
    {
        if (value is null)
        {
            return 0;
        }

        return int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int count) && count <= MachineSpec.MaxVirtualFunctions
            ? count
            : throw new FormatException($"--disk: 'vfs={value}' is no number up to {MachineSpec.MaxVirtualFunctions}");
    }
}
