using System.Security.Cryptography;
using Viaduct.Assigned;
using Viaduct.Assigned.VfioUser.Client;
using Viaduct.Cli.Console;
using Viaduct.Cli.Serving;
using Viaduct.Machine;
using Viaduct.Machine.GuestParts;
using Viaduct.Machine.Specification;
using Viaduct.Platform.Accounting;

namespace Viaduct.Cli.Demo;

/// <summary>The demonstration from its preparation to its report. Its files lie in a temporary folder that goes with it.</summary>
internal sealed class Demonstration
{
    /// <summary>What each disk holds at first, and is written and read back, in MiB.</summary>
    internal const int Mebibytes = 64;

    private const int Sharing = 3;
    private const long ContentsLength = (long)Mebibytes << 20;

    // Generous: on an idle machine a guest needs a fraction of it.
    private static readonly TimeSpan _limit = TimeSpan.FromMinutes(5);

    private readonly EngineChoice _engine;
    private readonly ProgressLines _progress;
    private readonly TextWriter? _verbose;
    private readonly List<RoadReport> _roads = [];
    private string _engineName = "";
    private string? _refusal;

    internal Demonstration(EngineChoice engine, ProgressLines progress, TextWriter? verbose)
    {
        _engine = engine;
        _progress = progress;
        _verbose = verbose;
    }

    /// <summary>Runs it.</summary>
    /// <exception cref="GuestPartsException">The guest's kernel or programs can't be had.</exception>
    /// <exception cref="ServedProcessException">A device can't be served.</exception>
    /// <exception cref="AssignedDeviceException">A device can't be taken.</exception>
    /// <exception cref="DemoFailedException">A guest failed.</exception>
    internal async Task<DemoReport> RunAsync(CancellationToken cancellation)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("viaduct-demo-");
        try
        {
            DebianPackages packages = new(DebianPackages.DefaultFolder, _progress.Say);
            GuestKernel kernel = GuestKernel.Fetch(packages);
            DemoParts parts = new(folder.FullName, packages, kernel, RandomNumberGenerator.GetBytes((int)ContentsLength));
            cancellation.ThrowIfCancellationRequested();
            await RunInMonitorAsync(parts, cancellation);
            await RunAssignedAsync(parts, cancellation);
            await RunSharedAsync(parts, cancellation);
            return new DemoReport
            {
                Engine = _engineName,
                Roads = _roads,
                Refusal = _refusal,
                Seconds = Math.Round(_progress.Elapsed.TotalSeconds, 3),
            };
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>Roads 1 and 2: one guest, both devices in its monitor.</summary>
    private async Task RunInMonitorAsync(DemoParts parts, CancellationToken cancellation)
    {
        DemoDisk[] disks = [parts.NewDisk(Road.Emulated, "emulated", "nvme0n1"), parts.NewDisk(Road.Paravirtual, "paravirtual", "vda")];
        MachineSpec spec = Spec(parts, "both", disks) with
        {
            Disks = [.. disks.Select(disk => new DiskSpec { Id = disk.Id, Path = disk.Path, Road = disk.Road })],
        };
        _progress.Say($"roads 1 and 2: booting Debian's Linux {parts.Kernel.Version} with two devices in its monitor");
        await RunAsync(new DemoGuest(spec, disks, _progress, _verbose), spec.Name, cancellation);
    }

    /// <summary>Road 3: a device in a process of its own is given to one guest, and refused to another.</summary>
    private async Task RunAssignedAsync(DemoParts parts, CancellationToken cancellation)
    {
        DemoDisk disk = parts.NewDisk(Road.Assigned, "assigned", "nvme0n1");
        string socket = parts.PathOf("assigned.sock");
        _progress.Say("road 3: serving an NVMe controller from a process of its own, and giving it to a guest");
        await using ServedProcess device = await ServedProcess.StartAsync(
            "the assigned device", ["nvme", "--id", disk.Id, "--disk", $"path={disk.Path}", "--vfio-user", socket], System.Console.Error, cancellation);
        MachineSpec spec = Spec(parts, "owner", [disk]) with { Assigned = [new AssignedSpec { Id = disk.Id, Socket = socket }] };
        DemoGuest guest = new(spec, [disk], _progress, _verbose);
        guest.Beginning += () => _refusal = AskForHeld(socket);
        await RunAsync(guest, spec.Name, cancellation);
        if (_refusal is null)
        {
            _progress.Say("a second guest was given the device that the first one holds");
        }
    }

    /// <summary>Road 4: the virtual functions of one controller are given to guests that work at the same time.</summary>
    private async Task RunSharedAsync(DemoParts parts, CancellationToken cancellation)
    {
        DemoDisk[] disks = [.. Enumerable.Range(1, Sharing).Select(number => parts.NewDisk(Road.Shared, $"shared{number}", "nvme0n1"))];
        string folder = parts.PathOf("shared");
        IEnumerable<string> arguments =
        [
            "nvme",
            .. disks.SelectMany((disk, index) => (string[])["--disk", $"path={disk.Path},vf={index + 1}"]),
            "--vfs", $"{Sharing}",
            "--vfio-user", folder,
        ];
        _progress.Say($"road 4: serving an NVMe controller with {Sharing} virtual functions, and giving each to another guest");
        await using ServedProcess device = await ServedProcess.StartAsync("the shared device", arguments, System.Console.Error, cancellation);
        StartTogether start = new(Sharing);
        List<Task> guests = [];
        foreach ((int number, DemoDisk disk) in disks.Index())
        {
            MachineSpec spec = Spec(parts, $"tenant-{number + 1}", [disk]) with
            {
                Assigned = [new AssignedSpec { Id = disk.Id, Socket = Path.Combine(folder, $"vf{number + 1}.sock") }],
            };
            guests.Add(Task.Run(() => RunAsync(new DemoGuest(spec, [disk], _progress, _verbose, start), spec.Name, cancellation), CancellationToken.None));
        }

        await Task.WhenAll(guests);
    }

    private MachineSpec Spec(DemoParts parts, string name, IReadOnlyList<DemoDisk> disks) => new()
    {
        Name = name,
        Kernel = parts.Kernel.Image,
        Initrd = parts.NewInitrd(name, disks),
        CommandLine = "console=ttyS0 quiet",
        Engine = _engine,
    };

    private async Task RunAsync(DemoGuest guest, string name, CancellationToken cancellation)
    {
        (string engine, IReadOnlyList<(RoadMeasurement Road, MachineDevice Device)> roads) = await guest.RunAsync(_limit, cancellation);
        lock (_roads)
        {
            _engineName = engine;
            int place = _roads.FindIndex(road => string.CompareOrdinal(road.Guest, name) > 0 && road.Road == roads[0].Road.Disk.Id);
            _roads.InsertRange(place < 0 ? _roads.Count : place, roads.Select(road => Report(road.Road, road.Device, name)));
        }
    }

    /// <summary>Asks for a device that a guest holds, as a second guest would.</summary>
    /// <returns>What the second guest is told; null if, against the rule, it got the device.</returns>
    private static string? AskForHeld(string socket)
    {
        try
        {
            using IAssignedDevice device = new VfioUserSource(socket, "guest 'second'").Open();
            return null;
        }
        catch (AssignedDeviceException refusal)
        {
            return refusal.Message;
        }
    }

    private RoadReport Report(RoadMeasurement road, MachineDevice device, string guest) => new()
    {
        Road = road.Disk.Id,
        Device = device.Kind,
        Driver = road.Driver,
        Guest = guest,
        Bytes = 2 * ContentsLength,
        Seconds = Math.Round(road.Elapsed.TotalSeconds, 6),
        Requests = road.Counts.Requests,
        Exits = road.Counts.Exits,
        Interrupts = road.Counts.Interrupts,
        MonitorCpuSeconds = Math.Round(road.Counts.MonitorCpu.TotalSeconds, 6),
        Verified = Verify(road),
    };

    // The guest wrote what it found: then four checksums are one, two taken in the guest and two of the image.
    private bool Verify(RoadMeasurement road)
    {
        string original = road.Disk.Sum(0, ContentsLength);
        string? problem =
            road.Failure
            ?? (road.FoundSum != original ? "the guest read other contents than the image holds" : null)
            ?? (road.ReadBackSum != original ? "the guest read back other contents than it wrote" : null)
            ?? (road.Disk.Sum(ContentsLength, ContentsLength) != original ? "the image holds other contents than the guest wrote" : null);
        if (problem is not null)
        {
            _progress.Say($"{road.Disk.Id} road: {problem}");
        }

        return problem is null;
    }
}
