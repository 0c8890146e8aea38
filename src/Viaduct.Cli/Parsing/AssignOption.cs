using Viaduct.Machine.Specification;
using Viaduct.Platform.Host;
using Viaduct.Sriov.Host;

namespace Viaduct.Cli.Parsing;

/// <summary>The value of <c>--assign</c>.</summary>
internal static class AssignOption
{
    internal const string Syntax = "vfio:FUNCTION[,id=I][,vf-token=UUID] or vfio-user:SOCKET[,id=I]";

    /// <summary>What a device of the host begins with.</summary>
    internal const string Vfio = "vfio:";

    private const string VfioUser = "vfio-user:";

    /// <summary>Reads one.</summary>
    /// <param name="value">What the user wrote.</param>
    /// <param name="index">Its place among the assigned devices, for an id of its own.</param>
    /// <param name="taken">Functions of the host that the guest has already.</param>
    /// <exception cref="FormatException">It is no device; the message quotes the part.</exception>
    /// <exception cref="HostFunctionException">It names a function of the host that isn't there, or none is free.</exception>
    internal static AssignedSpec Parse(string value, int index, IReadOnlySet<PciAddress> taken)
    {
        int comma = value.IndexOf(',', StringComparison.Ordinal);
        string place = comma < 0 ? value : value[..comma];
        AssignedSpec spec = Place(place, taken) with { Id = $"assigned{index}" };
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

    private static AssignedSpec Place(string place, IReadOnlySet<PciAddress> taken)
    {
        if (place.StartsWith(Vfio, StringComparison.Ordinal))
        {
            return new AssignedSpec { Id = "", Host = new HostAssignment(HostFunctions.This).Resolve(place[Vfio.Length..], taken) };
        }

        return place.StartsWith(VfioUser, StringComparison.Ordinal) && place.Length > VfioUser.Length
            ? new AssignedSpec { Id = "", Socket = place[VfioUser.Length..] }
            : throw new FormatException($"--assign '{place}' names no device; write {Syntax}");
    }

    private static Guid? Token(string? text) => text is null ? null
        : Guid.TryParseExact(text, "D", out Guid token) ? token
        : throw new FormatException($"--assign: 'vf-token={text}' is no UUID; uuidgen makes one");
}
