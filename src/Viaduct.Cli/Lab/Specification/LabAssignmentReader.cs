using System.Globalization;
using Viaduct.Cli.Lab.Yaml;
using Viaduct.Cli.Parsing;
using Viaduct.Platform.Host;
using Viaduct.Sriov.Host;

namespace Viaduct.Cli.Lab.Specification;

/// <summary>Reads what is assigned to guests, and holds the rule of road 3: a function has one guest.</summary>
internal sealed class LabAssignmentReader
{
    /// <summary>The keys of an assignment in its long form.</summary>
    internal static readonly string[] Keys = ["device", "id"];

    private const string SocketPrefix = "vfio-user:";
    private const string FunctionPrefix = "vf";

    private readonly string _folder;
    private readonly IReadOnlyDictionary<string, LabDevice> _devices;
    private readonly YamlProblems _problems;
    private readonly Dictionary<string, string> _holders = new(StringComparer.Ordinal);
    private readonly HashSet<PciAddress> _ofHost = [];

    /// <param name="folder">What relative paths start from.</param>
    /// <param name="devices">The lab's devices.</param>
    /// <param name="problems">Gets what is wrong.</param>
    internal LabAssignmentReader(string folder, IReadOnlyDictionary<string, LabDevice> devices, YamlProblems problems)
    {
        _folder = folder;
        _devices = devices;
        _problems = problems;
    }

    /// <summary>Reads what a guest gets.</summary>
    internal IReadOnlyList<LabAssignment> Read(YamlFields guest, string guestName)
    {
        List<LabAssignment> assignments = [];
        List<(string, YamlPosition)> ids = [];
        foreach (YamlNode item in guest.Items("assign", "a list of devices"))
        {
            // A word alone is the long form's 'device'.
            YamlFields fields = item is YamlScalar word
                ? new YamlFields(new YamlMapping(item.At, [new YamlEntry(new YamlScalar(item.At, "device", true), word)]), "an assignment", Keys, _problems)
                : new YamlFields(item, "an assignment", Keys, _problems);
            if (Target(fields) is { } target)
            {
                target = target with { Id = LabNames.Id(fields, _problems, "assigned", assignments.Count) };
                Hold(target, fields.Place("device"), guestName);
                assignments.Add(target);
                ids.Add((target.Id, fields.Place("id")));
            }
        }

        LabNames.CheckUnique(ids, "assignments", _problems);
        return assignments;
    }

    private LabAssignment? Target(YamlFields fields)
    {
        string expected = _devices.Count == 0
            ? $"{SocketPrefix}SOCKET or {AssignOption.Vfio}FUNCTION (this lab has no 'devices')"
            : $"{SocketPrefix}SOCKET, {AssignOption.Vfio}FUNCTION, or a device of this lab: {YamlFields.Words([.. _devices.Keys], "or")}";
        if (fields.Text("device", expected) is not { } text)
        {
            if (!fields.Has("device"))
            {
                _problems.Add(fields.At, "an assignment without 'device'", expected);
            }

            return null;
        }

        if (text.StartsWith(SocketPrefix, StringComparison.Ordinal) && text.Length > SocketPrefix.Length)
        {
            return new LabAssignment { Id = "", Socket = Path.GetFullPath(text[SocketPrefix.Length..], _folder) };
        }

        if (text.StartsWith(AssignOption.Vfio, StringComparison.Ordinal))
        {
            return OfHost(text[AssignOption.Vfio.Length..], fields);
        }

        int slash = text.IndexOf('/', StringComparison.Ordinal);
        if (!_devices.TryGetValue(slash < 0 ? text : text[..slash], out LabDevice? device))
        {
            _problems.Add(fields.Place("device"), fields.Node("device")!.Found, expected);
            return null;
        }

        return slash < 0
            ? new LabAssignment { Id = "", Device = device.Name }
            : Function(device, text[(slash + 1)..], fields);
    }

    private LabAssignment? OfHost(string text, YamlFields fields)
    {
        try
        {
            PciAddress address = new HostAssignment(HostFunctions.This).Resolve(text, _ofHost);
            _ = _ofHost.Add(address);
            return new LabAssignment { Id = "", Host = address };
        }
        catch (HostFunctionException error)
        {
            _problems.Add(fields.Place("device"), fields.Node("device")!.Found, $"a function that this host has: {error.Message}");
            return null;
        }
    }

    private LabAssignment? Function(LabDevice device, string function, YamlFields fields)
    {
        if (function.StartsWith(FunctionPrefix, StringComparison.Ordinal)
            && int.TryParse(function.AsSpan(FunctionPrefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out int index)
            && index >= 1
            && index <= device.VirtualFunctions)
        {
            return new LabAssignment { Id = "", Device = device.Name, VirtualFunction = index };
        }

        _problems.Add(fields.Place("device"), fields.Node("device")!.Found, device.VirtualFunctions switch
        {
            0 => $"'{device.Name}': it has no virtual functions; give it 'vfs: N' to share it",
            1 => $"'{device.Name}' or '{device.Name}/vf1'",
            int count => $"'{device.Name}', or '{device.Name}/vf1' to '{device.Name}/vf{count}'",
        });
        return null;
    }

    private void Hold(LabAssignment target, YamlPosition at, string guestName)
    {
        string function = target switch
        {
            { Socket: { } socket } => SocketPrefix + socket,
            { Host: { } address } => $"{AssignOption.Vfio}{address}",
            { VirtualFunction: { } index } => $"{target.Device}/{FunctionPrefix}{index}",
            _ => target.Device!,
        };
        if (_holders.TryAdd(function, guestName))
        {
            return;
        }

        string remedy = target switch
        {
            { Socket: not null } => "another socket, since an assigned device has one guest; a device that is shared (road 4) serves each virtual function on a socket of its own",
            { Host: not null } => "another function, since each has one guest; a device with SR-IOV (road 4) has virtual functions for several",
            { VirtualFunction: not null } => $"another virtual function of '{target.Device}', since each has one guest",
            _ when _devices[target.Device!].VirtualFunctions > 0 => $"one of its virtual functions, as '{target.Device}/vf1': they are what is shared (road 4)",
            _ => $"a device that nobody has: an assigned device has one guest. To share it (road 4), give it 'vfs: 2' and assign '{target.Device}/vf1' and '{target.Device}/vf2'",
        };
        _problems.Add(at, $"'{function}', which guest '{_holders[function]}' has already", remedy);
    }
}
