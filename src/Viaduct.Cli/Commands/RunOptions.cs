using System.CommandLine;
using Viaduct.Cli.Parsing;
using Viaduct.Machine.Specification;
using Viaduct.Platform.Host;
using Viaduct.Sriov.Host;

namespace Viaduct.Cli.Commands;

/// <summary>The options that describe a machine. Those that are given are laid over a machine that a file describes, or over the default one.</summary>
internal sealed class RunOptions
{
    private readonly Option<string?> _initrd = new("--initrd") { Description = "Its initial RAM disk.", HelpName = "F" };
    private readonly Option<string?> _append = new("--append") { Description = "Its command line, e.g. \"console=ttyS0\".", HelpName = "S" };
    private readonly Option<string?> _memory = new("--memory") { Description = "RAM: a number with K, M, G or T; 512M if nothing says otherwise. Pages that aren't touched cost nothing.", HelpName = "SIZE" };
    private readonly Option<int> _cpus = new("--cpus") { Description = "Processors.", HelpName = "N", DefaultValueFactory = _ => 1 };
    private readonly Option<string> _engine = EngineOption.Create();
    private readonly Option<string> _tier = TierOption.Create();
    private readonly Option<bool> _rng = new("--rng") { Description = "A virtio source of random numbers (Linux: virtio_rng, /dev/hwrng)." };
    private readonly Option<string[]> _disks = new("--disk")
    {
        Description = $"A disk, once for each: {DiskOption.Syntax}. The emulated road is an NVMe controller, the paravirtual one virtio-blk.",
        HelpName = "PARTS",
    };

    private readonly Option<string[]> _networks = new("--net")
    {
        Description = $"A network card, once for each: {NetOption.Syntax}. The paravirtual road is virtio-net. See docs/network.md.",
        HelpName = "PARTS",
    };

    private readonly Option<string[]> _assigned = new("--assign")
    {
        Description = $"A device given to the guest whole, or a virtual function, once for each: {AssignOption.Syntax}. FUNCTION is one of the host: {HostAssignment.Syntax}; a socket is served by: viaduct serve.",
        HelpName = "DEVICE",
    };

    private readonly Option<string> _console = new("--console")
    {
        Description = "What this terminal is to the guest: serial is the first serial port (ttyS0), virtio a virtio console (hvc0), which knows the terminal's size; the serial port's output is then dropped.",
        DefaultValueFactory = _ => "serial",
    };

    internal RunOptions()
    {
        _console.AcceptOnlyFromAmong("serial", "virtio");
        _tier.Hidden = true;
    }

    /// <summary>The kernel, which a file may name instead.</summary>
    internal Option<string?> Kernel { get; } = new("--kernel")
    {
        Description = "The guest's kernel: a Linux bzImage (vmlinuz) or an ELF vmlinux with a PVH entry.",
        HelpName = "F",
    };

    /// <summary>The guest's name, or with a file the name of the guest in it.</summary>
    internal Option<string?> Name { get; } = new("--name")
    {
        Description = "The guest's name in messages; with a file, which of its guests runs.",
        HelpName = "N",
    };

    internal void AddTo(Command command)
    {
        foreach (Option option in (ReadOnlySpan<Option>)[Kernel, _initrd, _append, _memory, _cpus, _engine, _tier, Name, _disks, _networks, _assigned, _console, _rng])
        {
            command.Options.Add(option);
        }
    }

    /// <summary>Lays what is given over a machine. Disks, network cards and devices are added to its own.</summary>
    /// <exception cref="FormatException">An option's value, or the machine that comes of it, can't be.</exception>
    /// <exception cref="HostFunctionException">A function of the host isn't there, or none is free.</exception>
    internal MachineSpec Apply(ParseResult parsed, MachineSpec machine)
    {
        int disks = machine.Disks.Count;
        int networks = machine.Networks.Count;
        MachineSpec spec = machine with
        {
            Name = parsed.GetValue(Name) ?? machine.Name,
            Kernel = parsed.GetValue(Kernel) ?? machine.Kernel,
            Initrd = parsed.GetValue(_initrd) ?? machine.Initrd,
            CommandLine = parsed.GetValue(_append) ?? machine.CommandLine,
            Memory = parsed.GetValue(_memory) is { } size ? Size(size) : machine.Memory,
            Cpus = IsGiven(parsed, _cpus) ? parsed.GetValue(_cpus) : machine.Cpus,
            Engine = IsGiven(parsed, _engine) || machine.Engine == EngineChoice.Auto ? EngineOption.Read(parsed, _engine) : machine.Engine,
            Software = IsGiven(parsed, _tier) ? new() { Translates = TierOption.Read(parsed, _tier) } : machine.Software,
            Rng = machine.Rng || parsed.GetValue(_rng),
            Console = IsGiven(parsed, _console) ? Enum.Parse<ConsoleChoice>(parsed.GetRequiredValue(_console), ignoreCase: true) : machine.Console,
            Disks = [.. machine.Disks, .. (parsed.GetValue(_disks) ?? []).Select((value, index) => DiskOption.Parse(value, disks + index))],
            Networks = [.. machine.Networks, .. (parsed.GetValue(_networks) ?? []).Select((value, index) => NetOption.Parse(value, networks + index))],
            Assigned = Assignments(parsed.GetValue(_assigned) ?? [], machine.Assigned),
        };
        return spec.Problem() is { } problem ? throw new FormatException(problem) : spec;
    }

    private static List<AssignedSpec> Assignments(string[] values, IReadOnlyList<AssignedSpec> before)
    {
        List<AssignedSpec> all = [.. before];
        foreach (string value in values)
        {
            all.Add(AssignOption.Parse(value, all.Count, all.Select(each => each.Host).OfType<PciAddress>().ToHashSet()));
        }

        return all;
    }

    private static bool IsGiven(ParseResult parsed, Option option) => parsed.GetResult(option) is { Implicit: false };

    private static ulong Size(string size) =>
        SizeParser.TryParse(size, out ulong bytes) ? bytes : throw new FormatException($"--memory '{size}' is no size; write 512M or 8G");
}
