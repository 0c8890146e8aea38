using System.Globalization;
using Viaduct.Backends.Network;
using Viaduct.Backends.Network.Switch;
using Viaduct.Machine.Specification;
using Viaduct.Platform.Accounting;

namespace Viaduct.Cli.Parsing;

/// <summary>The value of <c>--net</c>.</summary>
internal static class NetOption
{
    internal const string Syntax =
        "backend=none|tap:IF|passt|switch:NAME[,road=emulated|paravirtual][,mac=M][,queues=N][,mtu=N][,pcap=F][,vlan=N|,trunk=N+N…][,tcp=PORTS][,udp=PORTS][,id=I]";

    /// <summary>What the value of <c>backend</c> can be, for messages.</summary>
    internal const string BackendRule = "none, tap:INTERFACE, passt or switch:NAME";

    // A list inside an option whose parts commas divide.
    private const char ListSign = '+';

    /// <summary>Reads one.</summary>
    /// <param name="value">What the user wrote.</param>
    /// <param name="index">Its place among the network cards, for an id of its own.</param>
    /// <exception cref="FormatException">It is none; the message quotes the part.</exception>
    internal static NetworkSpec Parse(string value, int index)
    {
        SubOptions parts = new("--net", value);
        string backend = parts.Take("backend") ?? throw new FormatException($"--net '{value}': no backend=…, which is {BackendRule}");
        if (!TryParseBackend(backend, out NetworkKind kind, out string target))
        {
            throw new FormatException($"--net: 'backend={backend}' is none of {BackendRule}");
        }

        NetworkSpec network = new()
        {
            Id = parts.Take("id") ?? $"net{index}",
            Kind = kind,
            Target = target,
            Road = parts.TakeOneOf("road", "emulated", "paravirtual") == "emulated" ? Road.Emulated : Road.Paravirtual,
            Mac = ParseMac(parts.Take("mac")),
            Queues = ParseNumber("queues", parts.Take("queues"), 1, NetworkSpec.MaxQueues) ?? 1,
            Mtu = ParseNumber("mtu", parts.Take("mtu"), NetworkSpec.MinMtu, NetworkSpec.MaxMtu),
            Capture = parts.Take("pcap"),
            Vlans = ParseVlans(parts.Take("vlan"), parts.Take("trunk")),
            TcpPorts = parts.Take("tcp")?.Replace(ListSign, ','),
            UdpPorts = parts.Take("udp")?.Replace(ListSign, ','),
        };
        parts.Finish();
        if (network.Id.Length > 20 || !network.Id.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.'))
        {
            throw new FormatException($"--net: 'id={network.Id}' must be at most 20 letters, digits, '-', '_' or '.'");
        }

        return network.Problem() is { } problem ? throw new FormatException(problem) : network;
    }

    /// <summary>Reads <c>none</c>, <c>tap:IF</c>, <c>passt</c> or <c>switch:NAME</c>.</summary>
    internal static bool TryParseBackend(string text, out NetworkKind kind, out string target)
    {
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        target = colon < 0 ? "" : text[(colon + 1)..];
        (kind, bool named) = (colon < 0 ? text : text[..colon]) switch
        {
            "none" => (NetworkKind.None, false),
            "passt" => (NetworkKind.Passt, false),
            "tap" => (NetworkKind.Tap, true),
            "switch" => (NetworkKind.Switch, true),
            _ => ((NetworkKind)(-1), false),
        };
        return kind >= 0 && (named ? target.Length > 0 : colon < 0);
    }

    private static MacAddress? ParseMac(string? value) =>
        value is null ? null
        : MacAddress.TryParse(value, out MacAddress mac) ? mac
        : throw new FormatException($"--net: 'mac={value}' is no address as 52:54:00:12:34:56");

    private static VlanMembership? ParseVlans(string? vlan, string? trunk)
    {
        if (vlan is not null && trunk is not null)
        {
            throw new FormatException("--net: 'trunk' beside 'vlan'; a port is in one VLAN, or a trunk of several");
        }

        return ParseNumber("vlan", vlan, 1, VlanMembership.MaximumVlan) is { } one ? VlanMembership.Access(one)
            : trunk is null ? null
            : VlanMembership.Trunk(trunk.Split(ListSign).Select(each => ParseNumber("trunk", each, 1, VlanMembership.MaximumVlan)!.Value));
    }

    private static int? ParseNumber(string key, string? value, int least, int most) =>
        value is null ? null
        : int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= least && number <= most ? number
        : throw new FormatException($"--net: '{key}={value}' is no number from {least} to {most}");
}
