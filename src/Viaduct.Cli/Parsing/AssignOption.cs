using Viaduct.Machine.Specification;
using Viaduct.Platform.Host;

namespace Viaduct.Cli.Parsing;

/// <summary>The value of <c>--assign</c>.</summary>
internal static class AssignOption
{
    internal const string Syntax = "vfio:BDF[,id=I][,vf-token=UUID] or vfio-user:SOCKET[,id=I]";

    /// <summary>What a device of the host begins with.</summary>
    internal const string Vfio = "vfio:";

    private const string VfioUser = "vfio-user:";

    /// <summary>Reads one.</summary>
    /// <param name="value">What the user wrote.</param>
    /// <param name="index">Its place among the assigned devices, for an id of its own.</param>
    /// <exception cref="FormatException">It is no device; the message quotes the part.</exception>
    internal static AssignedSpec Parse(string value, int index)
    {
        int comma = value.IndexOf(',', StringComparison.Ordinal);
        string place = comma < 0 ? value : value[..comma];
        AssignedSpec spec = Place(place) with { Id = $"assigned{index}" };
        if (comma >= 0)
        {
            SubOptions parts = new("--assign", value[(comma + 1)..]);
            spec = spec with { Id = parts.Take("id") ?? spec.Id, VfToken = spec.Host is null ? null : Token(parts.Take("vf-token")) };
            parts.Finish();
        }

        return spec.Id.Length <= 20 && spec.Id.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.')
            ? spec
            : throw new FormatException($"--assign: 'id={spec.Id}' must be at most 20 letters, digits, '-', '_' or '.'");
    }

    /// <summary>Reads the address of a function of the host's, as <c>lspci -D</c> has it.</summary>
    /// <param name="text">With what it begins with.</param>
    /// <exception cref="FormatException">It is none; the message quotes it.</exception>
    internal static PciAddress Host(string text) => PciAddress.TryParse(text[Vfio.Length..], out PciAddress address)
        ? address
        : throw new FormatException($"'{text}' names no PCI function; write vfio:0000:01:00.0, as lspci -D lists them");

    private static AssignedSpec Place(string place)
    {
        if (place.StartsWith(Vfio, StringComparison.Ordinal))
        {
            try
            {
                return new AssignedSpec { Id = "", Host = Host(place) };
            }
            catch (FormatException error)
            {
                throw new FormatException($"--assign {error.Message}", error);
            }
        }

        return place.StartsWith(VfioUser, StringComparison.Ordinal) && place.Length > VfioUser.Length
            ? new AssignedSpec { Id = "", Socket = place[VfioUser.Length..] }
            : throw new FormatException($"--assign '{place}' names no device; write {Syntax}");
    }

    private static Guid? Token(string? text) => text is null ? null
        : Guid.TryParseExact(text, "D", out Guid token) ? token
        : throw new FormatException($"--assign: 'vf-token={text}' is no UUID; uuidgen makes one");
}
