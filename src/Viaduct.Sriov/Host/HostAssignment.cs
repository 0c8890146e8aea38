using System.Globalization;
using Viaduct.Platform.Host;
using Viaduct.Sriov.Control;

namespace Viaduct.Sriov.Host;

/// <summary>
/// Finds the function that is to be a guest's: <c>0000:01:10.0</c>, <c>eth3</c> for the one behind a network interface,
/// <c>eth3/vf2</c> or <c>0000:01:00.0/vf2</c> for a virtual function of it, <c>eth3/any</c> for one that nobody uses.
/// It makes none.
/// </summary>
/// <param name="host">The host's functions.</param>
public sealed class HostAssignment(HostFunctions host)
{
    /// <summary>How a function is written, for people.</summary>
    public const string Syntax = "0000:01:00.0, or eth3/vf2 or 0000:01:00.0/vf2 for a virtual function, eth3/any for one that is free";

    private const string Any = "any";
    private const string Virtual = "vf";

    /// <summary>Finds it.</summary>
    /// <param name="text">As above.</param>
    /// <param name="taken">Those that the same guests have already, for <c>any</c> to find another.</param>
    /// <exception cref="HostFunctionException">There is none; the message says what to do.</exception>
    public PciAddress Resolve(string text, IReadOnlySet<PciAddress> taken)
    {
        int slash = text.LastIndexOf('/');
        string target = slash < 0 ? text : text[..slash];
        if (slash < 0)
        {
            return PciAddress.TryParse(text, out PciAddress address) ? address
                : host.Files.HasInterface(text) ? host.Files.FunctionOf(text) ?? throw Missing($"{text} is no interface of a PCI function's")
                : throw Invalid(text);
        }

        string which = text[(slash + 1)..];
        if (which == Any)
        {
            return Free(host.Find(target), taken);
        }

        return which.StartsWith(Virtual, StringComparison.Ordinal) && int.TryParse(which.AsSpan(Virtual.Length), NumberStyles.None, CultureInfo.InvariantCulture, out int number)
            ? Numbered(host.Find(target), number)
            : throw Invalid(text);
    }

    private static PciAddress Numbered(PhysicalFunctionState physical, int number) =>
        physical.Functions.FirstOrDefault(each => each.Number == number)?.Address ?? throw Missing(physical.Functions.Count == 0
            ? None(physical)
            : $"{physical.Name} has vf1 to vf{physical.Functions.Count} and no vf{number}; they are numbered from 1, where 'ip link' says vf 0{More(physical)}");

    private static PciAddress Free(PhysicalFunctionState physical, IReadOnlySet<PciAddress> taken)
    {
        if (physical.Functions.Count == 0)
        {
            throw Missing(None(physical));
        }

        if (physical.Functions.FirstOrDefault(each => each.Use is null && !taken.Contains(each.Address)) is { } free)
        {
            return free.Address;
        }

        IEnumerable<string> users = physical.Functions.Select(each => $"{each.Name} by {each.Use?.Text ?? "this one"}");
        throw new HostFunctionException(
            ControlErrorKind.Held,
            $"{physical.Name} has no virtual function that is free: {string.Join(", ", users)}{More(physical)}");
    }

    private static string None(PhysicalFunctionState physical) =>
        $"{physical.Name} has no virtual functions yet; as root: viaduct sriov create {physical.Name} 1 autoprobe=off";

    private static string More(PhysicalFunctionState physical) => physical.Functions.Count < physical.Total
        ? $"; while none is in use, more are made by: viaduct sriov create {physical.Name} N"
        : "";

    private static HostFunctionException Missing(string message) => new(ControlErrorKind.Missing, message);

    private static HostFunctionException Invalid(string text) => new(ControlErrorKind.Invalid, $"'{text}' names no function of this host; write {Syntax}");
}
