using System.Security.Cryptography;
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

    private const string GuestName = "demo";
    private const long ContentsLength = (long)Mebibytes << 20;

    // Generous: on an idle machine the guest needs a fraction of it.
    private static readonly TimeSpan _limit = TimeSpan.FromMinutes(5);

    private readonly EngineChoice _engine;
    private readonly DemoProgress _progress;
    private readonly TextWriter? _verbose;

    internal Demonstration(EngineChoice engine, DemoProgress progress, TextWriter? verbose)
    {
        _engine = engine;
        _progress = progress;
        _verbose = verbose;
    }

    /// <summary>Runs it.</summary>
    /// <exception cref="GuestPartsException">The guest's kernel or programs can't be had.</exception>
    /// <exception cref="DemoFailedException">The guest failed.</exception>
    internal async Task<DemoReport> RunAsync(CancellationToken cancellation)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("viaduct-demo-");
        try
        {
            DebianPackages packages = new(DebianPackages.DefaultFolder, _progress.Say);
            GuestKernel kernel = GuestKernel.Fetch(packages);
            byte[] contents = RandomNumberGenerator.GetBytes((int)ContentsLength);
            DemoDisk[] disks =
            [
                DemoDisk.Create(Road.Emulated, Path.Combine(folder.FullName, "emulated.img"), "nvme0n1", contents),
                DemoDisk.Create(Road.Paravirtual, Path.Combine(folder.FullName, "paravirtual.img"), "vda", contents),
            ];
            string initrd = Path.Combine(folder.FullName, "initrd.img");
            string script = DemoScript.For(disks.Select(disk => disk.Name), Mebibytes);
            await File.WriteAllBytesAsync(initrd, BusyboxRamDisk.Build(packages, kernel, DemoScript.Modules, script), cancellation);
            cancellation.ThrowIfCancellationRequested();
            return await RunAsync(kernel, initrd, disks, cancellation);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private async Task<DemoReport> RunAsync(GuestKernel kernel, string initrd, DemoDisk[] disks, CancellationToken cancellation)
    {
        MachineSpec spec = new()
        {
            Name = GuestName,
            Kernel = kernel.Image,
            Initrd = initrd,
            CommandLine = "console=ttyS0 quiet",
            Engine = _engine,
            Disks = [.. disks.Select(disk => new DiskSpec { Id = disk.Id, Path = disk.Path, Road = disk.Road })],
        };
        _progress.Say($"booting Debian's Linux {kernel.Version} with a disk on each road");
        DemoGuest guest = new(spec, disks, _progress, _verbose);
        (string engine, IReadOnlyList<(RoadMeasurement Road, MachineDevice Device)> roads) = await guest.RunAsync(_limit, cancellation);
        return new DemoReport
        {
            Engine = engine,
            Roads = [.. roads.Select(road => Report(road.Road, road.Device))],
            Seconds = Math.Round(_progress.Elapsed.TotalSeconds, 3),
        };
    }

    private RoadReport Report(RoadMeasurement road, MachineDevice device) => new()
    {
        Road = road.Disk.Id,
        Device = device.Kind,
        Driver = road.Driver,
        Guest = GuestName,
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
