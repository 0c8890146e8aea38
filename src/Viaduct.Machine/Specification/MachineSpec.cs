using Viaduct.Engines.Kvm;
using Viaduct.Engines.Software;
using Viaduct.Machine.GuestParts;
using Viaduct.Platform.Accounting;

namespace Viaduct.Machine.Specification;

/// <summary>A machine to be made, its parts checked: what the command line, a file or a program asks for.</summary>
public sealed record MachineSpec
{
    /// <summary>The least memory, in bytes: a kernel needs its first 16 MiB and room to work.</summary>
    public const ulong MinMemory = 32UL << 20;

    /// <summary>The most memory, in bytes: 64-bit BARs have to fit above it in the address space.</summary>
    public const ulong MaxMemory = 1UL << 40;

    /// <summary>The most processors, whichever engine runs them.</summary>
    public const int MaxCpus = SoftwareEngine.MaxCpus;

    /// <summary>Virtual functions that an emulated disk can have.</summary>
    public const int MaxVirtualFunctions = 127;

    /// <summary>The name of machines that are given none.</summary>
    public const string DefaultName = "guest";

    /// <summary>For people: logs and lists.</summary>
    public string Name { get; init; } = DefaultName;

    /// <summary>The kernel's file: a bzImage, an ELF vmlinux or a multiboot program.</summary>
    public required string Kernel { get; init; }

    /// <summary>The initial RAM disk's file.</summary>
    public string? Initrd { get; init; }

    /// <summary>The kernel's command line.</summary>
    public string CommandLine { get; init; } = "";

    /// <summary>Where kernels that are slow to unpack are kept unpacked for the next start; null for nowhere.</summary>
    public string? KernelCacheFolder { get; init; } = Path.Combine(DebianPackages.DefaultFolder, "kernels");

    /// <summary>Bytes of RAM. Pages that the guest doesn't touch cost the host nothing.</summary>
    public ulong Memory { get; init; } = 512UL << 20;

    /// <summary>Processors.</summary>
    public int Cpus { get; init; } = 1;

    /// <summary>What runs the guest.</summary>
    public EngineChoice Engine { get; init; } = EngineChoice.Auto;

    /// <summary>How the software engine runs code.</summary>
    public SoftwareEngineOptions Software { get; init; } = new();

    /// <summary>Disks, in the order of their slots.</summary>
    public IReadOnlyList<DiskSpec> Disks { get; init; } = [];

    /// <summary>Network cards, in the order of their slots behind the disks'.</summary>
    public IReadOnlyList<NetworkSpec> Networks { get; init; } = [];

    /// <summary>Devices that are given to the guest, in the order of their slots behind the network cards'.</summary>
    public IReadOnlyList<AssignedSpec> Assigned { get; init; } = [];

    /// <summary>Whether there is a virtio source of random numbers.</summary>
    public bool Rng { get; init; }

    /// <summary>Whether the board has the ports that suites for bare machines expect, such as one that ends the machine.</summary>
    public bool TestBoard { get; init; }

    /// <summary>What the console is.</summary>
    public ConsoleChoice Console { get; init; } = ConsoleChoice.Serial;

    /// <summary>Says what is wrong with it, naming the option, or null.</summary>
    public string? Problem()
    {
        if (EngineProblem(Engine) is { } engine)
        {
            return engine;
        }

        if (Cpus is < 1 or > MaxCpus)
        {
            return $"--cpus {Cpus}: a guest has 1 to {MaxCpus} processors";
        }

        if (Memory is < MinMemory or > MaxMemory || Memory % 4096 != 0)
        {
            return $"--memory {Memory}: between {MinMemory >> 20}M and {MaxMemory >> 40}T, in whole pages of 4096 bytes";
        }

        int others = Networks.Count + Assigned.Count + (Rng ? 1 : 0) + (Console == ConsoleChoice.Virtio ? 1 : 0);
        if (Disks.Count + others > VirtualMachine.MaxDevices)
        {
            return $"--disk: {Disks.Count} disks, and there are {VirtualMachine.MaxDevices - others} slots for them";
        }

        DiskSpec? odd = Disks.FirstOrDefault(disk => disk.VirtualFunctions is < 0 or > MaxVirtualFunctions || (disk.VirtualFunctions != 0 && disk.Road != Road.Emulated) || (disk.Shared && disk.VirtualFunctions == 0));
        if (odd is not null)
        {
            return odd.VirtualFunctions is < 0 or > MaxVirtualFunctions ? $"--disk: id={odd.Id} has vfs={odd.VirtualFunctions}, and there can be {MaxVirtualFunctions} at most"
                : odd.VirtualFunctions != 0 ? $"--disk: id={odd.Id} has vfs={odd.VirtualFunctions}, which takes road=emulated"
                : $"--disk: id={odd.Id} is shared, which takes vfs=…";
        }

        IGrouping<string, DiskSpec>? twice = Disks.GroupBy(disk => disk.Id, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1);
        return twice is null ? NetworkProblem() ?? AssignedProblem() : $"--disk: two disks have id={twice.Key}";
    }

    /// <summary>Says why an engine can't be had, or null.</summary>
    public static string? EngineProblem(EngineChoice engine) =>
        engine == EngineChoice.Kvm && KvmProbe.Problem() is { } problem ? $"--engine kvm: {problem}; or use --engine software" : null;

    private string? NetworkProblem()
    {
        HashSet<string> ids = [.. Disks.Select(disk => disk.Id)];
        foreach (NetworkSpec network in Networks)
        {
            if (network.Problem() is { } problem)
            {
                return problem;
            }

            if (!ids.Add(network.Id))
            {
                return $"--net: two devices have id={network.Id}";
            }
        }

        return null;
    }

    private string? AssignedProblem()
    {
        HashSet<string> ids = [.. Disks.Select(disk => disk.Id), .. Networks.Select(network => network.Id)];
        HashSet<string> places = [];
        foreach (AssignedSpec device in Assigned)
        {
            if (!ids.Add(device.Id))
            {
                return $"--assign: two devices have id={device.Id}";
            }

            if (!places.Add(device.Socket is { } socket ? Path.GetFullPath(socket) : device.Place))
            {
                return $"--assign: {device.Place} stands twice; a device is given to one guest, once";
            }
        }

        return null;
    }
}
