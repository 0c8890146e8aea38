using System.Globalization;
using System.Net.NetworkInformation;
using Viaduct.Sriov.Host;

namespace Viaduct.Cli.Parsing;

/// <summary>What <c>viaduct sriov set</c> and <c>create</c> are given for functions of the host's.</summary>
internal static class HostChangeOption
{
    internal const string Settings = "[mac=M] [vlan=N] [qos=N] [proto=802.1q|802.1ad] [spoofchk=on|off] [trust=on|off] [min-tx-rate=MBIT] [max-tx-rate=MBIT] [link=auto|up|down]";
    internal const string Syntax = $"vf=N {Settings}, or pf autoprobe=on|off";

    private const string Probes = "autoprobe";

    /// <summary>Reads what <c>set</c> is given: a virtual function's number and change, or the physical one's.</summary>
    /// <exception cref="FormatException">It makes no sense; the message quotes the part.</exception>
    internal static (int? Function, VfChange Change, bool? Probes) ParseSet(IReadOnlyList<string> parts)
    {
        SubOptions options = new("set", string.Join(',', parts));
        string? number = options.Take("vf");
        if (options.TakeFlag("pf") == number is not null)
        {
            throw new FormatException($"set: name one function, by vf=N or pf; it takes {Syntax}");
        }

        if (number is null)
        {
            bool? probes = OnOff(options, Probes);
            options.Finish();
            return probes is null ? throw new FormatException($"set: nothing is to be set; it takes {Syntax}") : (null, new VfChange(), probes);
        }

        VfChange change = TakeChange(options);
        options.Finish();
        return change.IsEmpty
            ? throw new FormatException($"set: nothing is to be set; it takes {Syntax}")
            : (Number("set", "vf", number), change, null);
    }

    /// <summary>Reads what <c>create</c> is given for the new functions.</summary>
    /// <exception cref="FormatException">It makes no sense; the message quotes the part.</exception>
    internal static (VfChange Change, bool? Probes) ParseCreate(IReadOnlyList<string> parts)
    {
        if (parts.Count == 0)
        {
            return (new VfChange(), null);
        }

        SubOptions options = new("create", string.Join(',', parts));
        bool? probes = OnOff(options, Probes);
        VfChange change = TakeChange(options);
        options.Finish();
        return (change, probes);
    }

    private static VfChange TakeChange(SubOptions options) => new()
    {
        Mac = options.Take("mac") is { } mac ? Mac(mac) : null,
        Vlan = TakeNumber(options, "vlan"),
        Priority = TakeNumber(options, "qos"),
        IsServiceTag = options.TakeOneOf("proto", "802.1q", "802.1Q", "802.1ad") is { } protocol ? protocol == "802.1ad" : null,
        SpoofCheck = OnOff(options, "spoofchk"),
        Trust = OnOff(options, "trust"),
        LeastRate = TakeNumber(options, "min-tx-rate"),
        MostRate = TakeNumber(options, "max-tx-rate"),
        LinkState = options.TakeOneOf("link", "auto", "up", "down") is { } state ? Enum.Parse<VfLinkState>(state, ignoreCase: true) : null,
    };

    private static bool? OnOff(SubOptions options, string key) => options.TakeOneOf(key, "on", "off") is { } value ? value == "on" : null;

    private static int? TakeNumber(SubOptions options, string key) => options.Take(key) is { } value ? Number("set", key, value) : null;

    private static int Number(string command, string key, string value) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : throw new FormatException($"{command}: '{key}={value}' is no number");

    private static PhysicalAddress Mac(string value)
    {
        const int Octets = 6;
        return value.Split(':') is { Length: Octets } octets && octets.All(octet => octet.Length == 2) && PhysicalAddress.TryParse(value, out PhysicalAddress? mac)
            ? mac
            : throw new FormatException($"set: 'mac={value}' is no MAC address; write six octets, as 52:54:00:12:34:56");
    }
}
