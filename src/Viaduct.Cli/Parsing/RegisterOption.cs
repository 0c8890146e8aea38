using System.CommandLine;
using System.Globalization;
using Viaduct.Assigned;
using Viaduct.Cli.Bench.VfioUser;

namespace Viaduct.Cli.Parsing;

/// <summary>An option that names a register of a served device: <c>SOCKET[,region=N][,offset=N][,size=N]</c>.</summary>
internal static class RegisterOption
{
    internal static Option<RegisterPlace?> Create(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "SOCKET[,region=N][,offset=N][,size=N]",
        CustomParser = result =>
        {
            try
            {
                return Parse(name, result.Tokens[0].Value);
            }
            catch (FormatException error)
            {
                result.AddError(error.Message);
                return null;
            }
        },
    };

    /// <exception cref="FormatException">It is none; the message quotes the offending part.</exception>
    internal static RegisterPlace Parse(string name, string value)
    {
        string[] halves = value.Split(',', 2);
        if (halves[0].Length == 0)
        {
            throw new FormatException($"{name} '{value}': a socket's path comes first");
        }

        if (halves.Length == 1)
        {
            return new RegisterPlace(halves[0], Region: null, Offset: 0, Size: 4);
        }

        SubOptions parts = new(name, halves[1]);
        string? region = parts.Take("region");
        string? offset = parts.Take("offset");
        string? size = parts.TakeOneOf("size", "1", "2", "4", "8");
        parts.Finish();
        return new RegisterPlace(
            halves[0],
            region is null ? null : (int)Number(name, "region", region, AssignedRegion.Config),
            offset is null ? 0 : Number(name, "offset", offset, ulong.MaxValue),
            size is null ? 4 : int.Parse(size, CultureInfo.InvariantCulture));
    }

    private static ulong Number(string name, string key, string value, ulong most)
    {
        bool isHex = value.StartsWith("0x", StringComparison.OrdinalIgnoreCase);
        return ulong.TryParse(isHex ? value[2..] : value, isHex ? NumberStyles.AllowHexSpecifier : NumberStyles.None, CultureInfo.InvariantCulture, out ulong number) && number <= most
            ? number
            : throw new FormatException($"{name}: '{key}={value}' is no number up to {most}");
    }
}
