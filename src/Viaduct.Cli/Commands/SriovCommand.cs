using System.CommandLine;
using System.Globalization;
using Viaduct.Cli.Parsing;
using Viaduct.Cli.Sriov;
using Viaduct.Sriov;
using Viaduct.Sriov.Control;
using Viaduct.Sriov.Host;

namespace Viaduct.Cli.Commands;

/// <summary><c>viaduct sriov</c>: physical functions and their virtual ones, the host's own and those of served controllers, and who holds which.</summary>
internal static class SriovCommand
{
    private const string Statuses = """

        TARGET is a physical function of this host's, by its PCI address (0000:01:00.0, 01:00.0) or its network interface
        (eth3), or the folder of a controller that 'viaduct serve nvme --vfs' shares. Virtual functions are numbered from 1,
        as PCI Express does it; 'ip link' counts from 0.

        Exit status: 0 done, 1 refused or failed, 2 bad options or no such target, 5 a guest or this host uses the
        function; the message says who.
        """;

    internal static Command Create() => new("sriov", """
        Lists, creates, removes and sets virtual functions: those of this host's own devices with SR-IOV, and those of
        controllers that 'viaduct serve nvme --vfs' shares.

        Examples:
          viaduct sriov list
          viaduct sriov create eth3 4
          viaduct sriov set eth3 vf=1 mac=52:54:00:00:00:01 vlan=100 spoofchk=on
          viaduct sriov remove eth3
          viaduct sriov set /run/nvme vf=1 iops=5000
        """)
    {
        CreateList(),
        CreateCreate(),
        CreateRemove(),
        CreateSet(),
    };

    private static Command CreateList()
    {
        Argument<string?> target = new("TARGET") { Description = "What to list; everything if it isn't given.", Arity = ArgumentArity.ZeroOrOne };
        Option<bool> json = Json();
        Command command = new("list", """
            Says which virtual functions there are, how they are set, and who uses each: guests of ours, other programs by
            VFIO, or this host. Without a target it lists all devices of this host with SR-IOV, and all served controllers.

            """ + Statuses) { target, json };
        command.SetAction(parsed => parsed.GetValue(target) is not { } name ? HostSriov.ListAll(parsed.GetValue(json))
            : IsHost(name) ? HostSriov.List(name, parsed.GetValue(json))
            : ServedSriov.Ask(name, new ControlRequest { Command = "list" }, parsed.GetValue(json), quiet: false));
        return command;
    }

    private static Command CreateCreate()
    {
        Argument<string> target = Target();
        Argument<string[]> parts = new("N PARTS")
        {
            Description = $"How many more (1), and on a network card what the new ones are set to, before a driver sees them: {HostChangeOption.Settings} [autoprobe=on|off]",
            Arity = ArgumentArity.ZeroOrMore,
        };
        Option<bool> force = Force("On this host: also where its own network uses some that are there.");
        Option<bool> json = Json();
        Command command = new("create", """
            Creates virtual functions. On a served controller they take the lowest numbers that are free, up to as many as
            it was started with. A device of this host makes all of its at once, from none: those that are there are taken
            away meanwhile and come back with their settings and drivers, so it is refused where one of them is in use.
            Where a step fails, all is put back as it was.

            autoprobe=off keeps this host's drivers off the new ones, autoprobe=on has them take them; it stays as it is set.

            """ + Statuses)
        {
            target, parts, force, json,
        };
        command.SetAction(parsed => Taught(() =>
        {
            string name = parsed.GetRequiredValue(target);
            string[] rest = parsed.GetValue(parts) ?? [];
            bool isCounted = rest is [{ } first, ..] && !first.Contains('=', StringComparison.Ordinal);
            int count = isCounted ? Count(rest[0]) : 1;
            string[] settings = isCounted ? rest[1..] : rest;
            if (IsHost(name))
            {
                (VfChange change, bool? probes) = HostChangeOption.ParseCreate(settings);
                return HostSriov.Change(name, parsed.GetValue(json), changes => changes.Create(name, count, change, probes, parsed.GetValue(force)));
            }

            return settings.Length == 0
                ? ServedSriov.Ask(name, new ControlRequest { Command = "create", Count = count }, parsed.GetValue(json), quiet: true)
                : throw new FormatException($"create: '{settings[0]}' is for network cards of this host, and {name} is a served controller's folder");
        }));
        return command;
    }

    private static Command CreateRemove()
    {
        Argument<string> target = Target();
        Argument<int[]> numbers = new("N") { Description = "Which, by their numbers; all of them if none is given.", Arity = ArgumentArity.ZeroOrMore };
        Option<bool> force = Force("Also those that are in use. A served one is pulled out of its running guest; on this host only its own network is overridden, never a guest or a disk in use.");
        Option<bool> json = Json();
        Command command = new("remove", """
            Removes virtual functions. Where one of them is in use, none is removed. Of a served controller, what is on
            their namespaces stays, and is there again when they are created again. Of a device of this host only the last
            ones can go without all others, and these are taken away meanwhile and come back with their settings and drivers.

            """ + Statuses)
        {
            target, numbers, force, json,
        };
        command.SetAction(parsed =>
        {
            string name = parsed.GetRequiredValue(target);
            int[]? which = parsed.GetValue(numbers) is { Length: > 0 } given ? given : null;
            return IsHost(name)
                ? HostSriov.Change(name, parsed.GetValue(json), changes => changes.Remove(name, which, parsed.GetValue(force)))
                : ServedSriov.Ask(name, new ControlRequest { Command = "remove", Functions = which, Force = parsed.GetValue(force) }, parsed.GetValue(json), quiet: true);
        });
        return command;
    }

    private static Command CreateSet()
    {
        Argument<string> target = Target();
        Argument<string[]> parts = new("PARTS")
        {
            Description = $"On a network card of this host: {HostChangeOption.Syntax}. On a served controller: {FunctionChangeOption.Syntax}. A rate or limit of 0 is none, vlan=0 no VLAN.",
            Arity = ArgumentArity.OneOrMore,
        };
        Option<bool> json = Json();
        Command command = new("set", $"""
            Sets what a virtual function may do. It holds at once and until it is changed, whoever has the function; what
            isn't named stays as it is. Where the device takes one setting and refuses another, all are put back.

            On a network card of this host: its MAC (not under a running guest), the VLAN that it is in without knowing
            (proto=802.1ad, QinQ, about a tag of the guest's own), whether frames from other addresses than its own are
            dropped (spoofchk), whether its driver may ask for what concerns others (trust), how fast it sends, and what it
            sees of the link. Not every card can do all. 'pf autoprobe=off' keeps this host's drivers off new functions.

            On a served controller: how fast it may work, so that one guest can't starve another, and whether it is on line.

            Examples:
              viaduct sriov set eth3 vf=2 mac=52:54:00:00:00:02 vlan=100 qos=3 max-tx-rate=500
              viaduct sriov set 01:00.0 vf=1 spoofchk=off trust=on
              viaduct sriov set eth3 pf autoprobe=off
              viaduct sriov set /run/nvme vf=1 iops=5000 bandwidth=200M burst=100ms
              viaduct sriov set /run/nvme vf=2 online=off
            {Statuses}
            """)
        {
            target, parts, json,
        };
        command.SetAction(parsed => Taught(() =>
        {
            string name = parsed.GetRequiredValue(target);
            if (!IsHost(name))
            {
                (int function, FunctionChange served) = FunctionChangeOption.Parse(parsed.GetRequiredValue(parts));
                return ServedSriov.Ask(name, new ControlRequest { Command = "set", Function = function, Change = served }, parsed.GetValue(json), quiet: true);
            }

            (int? number, VfChange change, bool? probes) = HostChangeOption.ParseSet(parsed.GetRequiredValue(parts));
            return HostSriov.Change(name, parsed.GetValue(json), changes => HostSriov.Set(changes, name, number, change, probes));
        }));
        return command;
    }

    // A folder of an interface's name can be written with its place: ./eth3.
    private static bool IsHost(string target) => HostFunctions.This.IsTarget(target) || (!target.Contains('/', StringComparison.Ordinal) && !Directory.Exists(target));

    private static Argument<string> Target() => new("TARGET") { Description = "A PCI address, a network interface, or a served controller's folder." };

    private static Option<bool> Json() => new("--json") { Description = "Write how things stand then as one JSON object on standard output." };

    private static Option<bool> Force(string description) => new("--force") { Description = description };

    private static int Count(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int count) ? count : throw new FormatException($"create: '{text}' is no number");

    private static int Taught(Func<int> action)
    {
        try
        {
            return action();
        }
        catch (FormatException error)
        {
            System.Console.Error.WriteLine($"viaduct: {error.Message}");
            return ExitCodes.BadUsage;
        }
    }
}
