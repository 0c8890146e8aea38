using Viaduct.Backends.Network;
using Viaduct.Backends.Network.Switch;
using Viaduct.Cli.Lab.Yaml;
using Viaduct.Cli.Parsing;
using Viaduct.Machine.Specification;
using Viaduct.Platform.Accounting;

namespace Viaduct.Cli.Lab.Specification;

/// <summary>Reads network cards.</summary>
internal sealed class LabNetworkReader
{
    /// <summary>The keys of a guest's network card.</summary>
    internal static readonly string[] Keys = ["backend", "road", "mac", "queues", "mtu", "pcap", "vlan", "trunk", "tcp", "udp", "id"];

    private const string PortRule = "ports as passt has them: '2222:22,8080'";

    private readonly string _folder;
    private readonly YamlProblems _problems;

    /// <param name="folder">What relative paths start from.</param>
    /// <param name="problems">Gets what is wrong.</param>
    internal LabNetworkReader(string folder, YamlProblems problems)
    {
        _folder = folder;
        _problems = problems;
    }

    /// <summary>Reads the list of network cards of a guest.</summary>
    internal IReadOnlyList<NetworkSpec> Read(YamlFields guest)
    {
        List<NetworkSpec> networks = [];
        List<(string, YamlPosition)> ids = [];
        foreach (YamlNode item in guest.Items("networks", "a list of network cards"))
        {
            YamlFields fields = new(item, "a network card", Keys, _problems);
            networks.Add(Read(fields, networks.Count));
            ids.Add((networks[^1].Id, fields.Place("id")));
        }

        LabNames.CheckUnique(ids, "network cards", _problems);
        return networks;
    }

    private NetworkSpec Read(YamlFields fields, int index)
    {
        NetworkKind kind = NetworkKind.None;
        string target = "";
        string? backend = fields.Text("backend", NetOption.BackendRule);
        if (!fields.Has("backend"))
        {
            _problems.Add(fields.At, "a network card without 'backend'", NetOption.BackendRule);
        }
        else if (backend is not null && !NetOption.TryParseBackend(backend, out kind, out target))
        {
            _problems.Add(fields.Place("backend"), fields.Node("backend")!.Found, NetOption.BackendRule);
        }

        NetworkSpec network = new()
        {
            Id = LabNames.Id(fields, _problems, "net", index),
            Kind = kind,
            Target = target,
            Road = fields.OneOf("road", "emulated", "paravirtual") == "emulated" ? Road.Emulated : Road.Paravirtual,
            Mac = Mac(fields),
            Queues = (int?)fields.Number("queues", 1, NetworkSpec.MaxQueues) ?? 1,
            Mtu = (int?)fields.Number("mtu", NetworkSpec.MinMtu, NetworkSpec.MaxMtu),
            Capture = fields.Text("pcap", "a capture file's path") is { } path ? Path.GetFullPath(path, _folder) : null,
            Vlans = Vlans(fields),
            TcpPorts = fields.Text("tcp", PortRule),
            UdpPorts = fields.Text("udp", PortRule),
        };
        if (network.Problem() is { } problem)
        {
            _problems.Add(fields.At, "a network card that can't be", $"another ({problem})");
        }

        return network;
    }

    private MacAddress? Mac(YamlFields fields)
    {
        const string Rule = "an address as '52:54:00:12:34:56'";
        if (fields.Text("mac", Rule) is not { } text)
        {
            return null;
        }

        if (!MacAddress.TryParse(text, out MacAddress mac))
        {
            _problems.Add(fields.Place("mac"), fields.Node("mac")!.Found, Rule);
            return null;
        }

        return mac;
    }

    private VlanMembership? Vlans(YamlFields fields)
    {
        if (fields.Has("vlan") && fields.Has("trunk"))
        {
            _problems.Add(fields.Place("trunk"), "'trunk' beside 'vlan'", "one of them: a port is in one VLAN, or a trunk of several");
            return null;
        }

        if (fields.Number("vlan", 1, VlanMembership.MaximumVlan) is { } vlan)
        {
            return VlanMembership.Access((int)vlan);
        }

        if (!fields.Has("trunk"))
        {
            return null;
        }

        List<int> vlans = [];
        foreach (YamlNode item in fields.Items("trunk", "a list of VLANs"))
        {
            if (item is YamlScalar { Plain: true } scalar && int.TryParse(scalar.Text, out int number) && number is >= 1 and <= VlanMembership.MaximumVlan)
            {
                vlans.Add(number);
            }
            else
            {
                _problems.Add(item.At, item.Found, $"a number from 1 to {VlanMembership.MaximumVlan}");
            }
        }

        return VlanMembership.Trunk(vlans);
    }
}
