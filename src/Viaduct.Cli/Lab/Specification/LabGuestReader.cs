using System.Text.RegularExpressions;
using Viaduct.Cli.Lab.Yaml;
using Viaduct.Machine;
using Viaduct.Machine.Specification;

namespace Viaduct.Cli.Lab.Specification;

/// <summary>Reads guests.</summary>
internal sealed partial class LabGuestReader
{
    /// <summary>The keys of a guest.</summary>
    internal static readonly string[] Keys =
        ["kernel", "initrd", "script", "modules", "append", "memory", "cpus", "engine", "disks", "networks", "assign", "console", "rng"];

    /// <summary>The kernel that is fetched.</summary>
    internal const string DebianKernel = "debian";

    private const string ConsoleRule = "'none', 'stdio', 'file:PATH' or 'socket:PATH'";

    private readonly string _folder;
    private readonly LabDiskReader _disks;
    private readonly LabNetworkReader _networks;
    private readonly LabAssignmentReader _assignments;
    private readonly YamlProblems _problems;
    private readonly Dictionary<string, string> _consoles = new(StringComparer.Ordinal);

    internal LabGuestReader(string folder, LabDiskReader disks, LabNetworkReader networks, LabAssignmentReader assignments, YamlProblems problems)
    {
        _folder = folder;
        _disks = disks;
        _networks = networks;
        _assignments = assignments;
        _problems = problems;
    }

    internal LabGuest Read(string name, YamlNode node)
    {
        YamlFields fields = new(node, $"guest '{name}'", Keys, _problems);
        string? kernel = fields.Text("kernel", $"'{DebianKernel}', or a kernel's path");
        if (!fields.Has("kernel"))
        {
            _problems.Add(fields.At, $"guest '{name}' without 'kernel'", $"'{DebianKernel}', or a kernel's path");
        }

        bool debian = kernel is null or DebianKernel;
        CheckUserLand(fields, debian);
        LabGuest guest = new()
        {
            Name = name,
            Kernel = debian ? null : Path.GetFullPath(kernel!, _folder),
            Initrd = fields.Text("initrd", "an initial RAM disk's path") is { } initrd ? Path.GetFullPath(initrd, _folder) : null,
            Script = fields.Lines("script", "a script for the guest's shell"),
            Modules = fields.Has("modules") ? Modules(fields) : null,
            CommandLine = fields.Text("append", "the kernel's command line") ?? (debian ? "console=ttyS0 quiet" : ""),
            Memory = fields.Size("memory", MachineSpec.MinMemory, MachineSpec.MaxMemory, 4096) ?? 512UL << 20,
            Cpus = (int)(fields.Number("cpus", 1, MachineSpec.MaxCpus) ?? 1),
            Engine = Engine(fields),
            Disks = _disks.Read(fields, $"guest '{name}'", LabDiskReader.GuestKeys),
            Networks = _networks.Read(fields),
            Assignments = _assignments.Read(fields, name),
            Console = Console(fields, name),
            Entropy = fields.Flag("rng"),
        };
        Check(guest, fields);
        return guest;
    }

    private void CheckUserLand(YamlFields fields, bool debian)
    {
        if (!debian && fields.Has("script"))
        {
            _problems.Add(fields.Place("script"), "a script for a kernel of your own", $"'kernel: {DebianKernel}', whose RAM disk is made here");
        }
        else if (fields.Has("script") && fields.Has("initrd"))
        {
            _problems.Add(fields.Place("script"), "a script beside 'initrd'", "one of them");
        }
        else if (fields.Has("modules") && (!debian || fields.Has("initrd")))
        {
            _problems.Add(fields.Place("modules"), "modules for an initial RAM disk of your own", $"'kernel: {DebianKernel}' without 'initrd'");
        }
    }

    private void Check(LabGuest guest, YamlFields fields)
    {
        int devices = guest.Disks.Count + guest.Networks.Count + guest.Assignments.Count + (guest.Entropy ? 1 : 0);
        if (devices > VirtualMachine.MaxDevices)
        {
            _problems.Add(fields.At, $"{devices} devices", $"at most {VirtualMachine.MaxDevices}, which is how many slots there are");
        }

        foreach (string id in guest.Disks.Select(disk => disk.Id).Intersect(guest.Networks.Select(network => network.Id), StringComparer.Ordinal))
        {
            _problems.Add(fields.Place("networks"), $"the id '{id}', which a disk has", "ids that differ");
        }

        IEnumerable<string> own = guest.Disks.Select(disk => disk.Id).Concat(guest.Networks.Select(network => network.Id));
        foreach (string id in own.Intersect(guest.Assignments.Select(assignment => assignment.Id), StringComparer.Ordinal))
        {
            _problems.Add(fields.Place("assign"), $"the id '{id}', which a device of the guest's own has", "ids that differ");
        }
    }

    private EngineChoice Engine(YamlFields fields)
    {
        EngineChoice engine = fields.OneOf("engine", "auto", "software", "kvm") switch
        {
            "software" => EngineChoice.Software,
            "kvm" => EngineChoice.Kvm,
            _ => EngineChoice.Auto,
        };
        if (MachineSpec.EngineProblem(engine) is { } problem)
        {
            _problems.Add(fields.Place("engine"), fields.Node("engine")!.Found, $"another engine ({problem})");
        }

        return engine;
    }

    private string[] Modules(YamlFields fields)
    {
        List<string> modules = [];
        foreach (YamlNode item in fields.Items("modules", "a list of modules"))
        {
            if (item is YamlScalar scalar && ModuleName().IsMatch(scalar.Text))
            {
                modules.Add(scalar.Text.Replace('-', '_'));
            }
            else
            {
                _problems.Add(item.At, item.Found, "a module's name");
            }
        }

        return [.. modules];
    }

    private LabConsole Console(YamlFields fields, string guestName)
    {
        if (fields.Text("console", ConsoleRule) is not { } text)
        {
            return new LabConsole(LabConsoleKind.None);
        }

        int colon = text.IndexOf(':', StringComparison.Ordinal);
        string path = colon < 0 ? "" : text[(colon + 1)..];
        LabConsole? console = (colon < 0 ? text : text[..colon], path) switch
        {
            ("none", "") when colon < 0 => new LabConsole(LabConsoleKind.None),
            ("stdio", "") when colon < 0 => new LabConsole(LabConsoleKind.Stdio),
            ("file", not "") => new LabConsole(LabConsoleKind.File, Path.GetFullPath(path, _folder)),
            ("socket", not "") => new LabConsole(LabConsoleKind.Socket, Path.GetFullPath(path, _folder)),
            _ => null,
        };
        if (console is null)
        {
            _problems.Add(fields.Place("console"), fields.Node("console")!.Found, ConsoleRule);
            return new LabConsole(LabConsoleKind.None);
        }

        string place = console.Kind == LabConsoleKind.Stdio ? "stdio" : console.Path;
        if (console.Kind != LabConsoleKind.None && !_consoles.TryAdd(place, guestName))
        {
            _problems.Add(fields.Place("console"), $"the console of guest '{_consoles[place]}'", "another place, since guests don't share a console");
        }

        return console;
    }

    [GeneratedRegex("^[A-Za-z0-9_-]{1,64}\\z")]
    private static partial Regex ModuleName();
}
