using Viaduct.Machine.Specification;

namespace Viaduct.Cli.Parsing;

/// <summary>The value of <c>--assign</c>.</summary>
internal static class AssignOption
{
    internal const string Syntax = "vfio-user:SOCKET[,id=I]";

    private const string VfioUser = "vfio-user:";
    private const string Vfio = "vfio:";

    /// <summary>Reads one.</summary>
    /// <param name="value">What the user wrote.</param>
    /// <param name="index">Its place among the assigned devices, for an id of its own.</param>
    /// <exception cref="FormatException">It is no device; the message quotes the part.</exception>
    internal static AssignedSpec Parse(string value, int index)
    {
        int comma = value.IndexOf(',', StringComparison.Ordinal);
        string address = comma < 0 ? value : value[..comma];
        if (address.StartsWith(Vfio, StringComparison.Ordinal))
        {
            throw new FormatException($"--assign '{address}': devices of the host are not in this version; serve one by: viaduct serve nvme --disk path=F --vfio-user SOCKET");
        }

        if (!address.StartsWith(VfioUser, StringComparison.Ordinal) || address.Length == VfioUser.Length)
        {
            throw new FormatException($"--assign '{address}' names no device; write {Syntax}");
        }

        string id = $"assigned{index}";
        if (comma >= 0)
        {
            SubOptions parts = new("--assign", value[(comma + 1)..]);
            id = parts.Take("id") ?? id;
            parts.Finish();
        }

        return id.Length <= 20 && id.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.')
            ? new AssignedSpec { Id = id, Socket = address[VfioUser.Length..] }
            : throw new FormatException($"--assign: 'id={id}' must be at most 20 letters, digits, '-', '_' or '.'");
    }
}
