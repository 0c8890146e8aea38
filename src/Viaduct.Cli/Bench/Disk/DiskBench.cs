using Viaduct.Machine.GuestParts;
using Viaduct.Machine.Specification;
using Viaduct.Platform.Accounting;

namespace Viaduct.Cli.Bench.Disk;

/// <summary>
/// A disk's speed on each road, and beside it on a peer's like device, by the same kernel, programs and image contents.
/// All guests run at the same time, but only one is asked: subject and peer take turns load by load, so that what the
/// machine does besides meets both.
/// </summary>
internal sealed class DiskBench
{
    private static readonly DiskLoad _warmUp = DiskLoad.All.Single(load => load is { Random: true, Write: false, Depth: > 1 });

    private readonly DiskBenchOptions _options;
    private readonly Action<string> _progress;
    private readonly List<LoadGuest> _guests = [];
    private readonly List<DiskSubject> _roads = [];
    private readonly List<DiskSubject> _peers = [];

    /// <param name="options">What to measure.</param>
    /// <param name="progress">Told what is done.</param>
    internal DiskBench(DiskBenchOptions options, Action<string> progress)
    {
        _options = options;
        _progress = progress;
    }

    /// <summary>Measures.</summary>
    /// <exception cref="GuestPartsException">The guest's kernel or programs can't be had.</exception>
    /// <exception cref="BenchFailedException">A guest failed.</exception>
    internal async Task<DiskReport> RunAsync(CancellationToken cancellation)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("viaduct-bench-");
        try
        {
            string engine = await StartAsync(folder.FullName, cancellation);
            await MeasureAsync(cancellation);
            return new DiskReport(engine, folder.FullName, _roads, _peers);
        }
        finally
        {
            foreach (LoadGuest guest in _guests)
            {
                guest.Dispose();
            }

            folder.Delete(recursive: true);
        }
    }

    private async Task<string> StartAsync(string folder, CancellationToken cancellation)
    {
        DebianPackages packages = new(DebianPackages.DefaultFolder, _progress);
        GuestKernel kernel = GuestKernel.Fetch(packages);
        string initrd = Path.Combine(folder, "initrd.img");
        byte[] archive = BusyboxRamDisk.Build(packages, kernel, DiskScript.Modules, DiskScript.Text, FioProgram.Fetch(packages));
        await File.WriteAllBytesAsync(initrd, archive, cancellation);

        MachineSpec own = Machine(folder, "", kernel, initrd);
        ViaductMonitor monitor = new(own);
        _progress($"booting Linux {kernel.Version} with {own.Disks.Count} disks");
        LoadGuest guest = await BootAsync(monitor, own, cancellation);
        _roads.AddRange(own.Disks.Select(disk => new DiskSubject(disk.Id, disk.Id, guest)));
        if (_options.Peer is { } program)
        {
            MachineSpec peer = Machine(folder, "peer-", kernel, initrd);
            _progress($"booting the same on {program.Version}");
            LoadGuest peerGuest = await BootAsync(new QemuMonitor(program, peer), peer, cancellation);
            _peers.AddRange(peer.Disks.Select(disk => new DiskSubject(disk.Id, $"{program.Version} {QemuMonitor.DeviceOf(disk)} (TCG)", peerGuest)));
        }

        return monitor.Engine;
    }

    private async Task<LoadGuest> BootAsync(IDiskMonitor monitor, MachineSpec spec, CancellationToken cancellation)
    {
        LoadGuest guest = new(monitor, _options.Verbose);
        _guests.Add(guest);
        await guest.StartAsync(spec.Disks.Select(disk => disk.Id), cancellation);
        return guest;
    }

    private MachineSpec Machine(string folder, string prefix, GuestKernel kernel, string initrd)
    {
        List<DiskSpec> disks = [];
        foreach (Road road in _options.Roads)
        {
            string id = prefix + RoadNames.Name(road);
            string path = Path.Combine(folder, id + ".img");
            DiskImage.Create(path, id);
            disks.Add(new DiskSpec { Id = id, Path = path, Road = road });
        }

        return new MachineSpec
        {
            Name = "bench",
            Kernel = kernel.Image,
            Initrd = initrd,
            CommandLine = $"console=ttyS0 quiet {DiskScript.DisksVariable}={disks.Count}",
            Engine = _options.Engine,
            Disks = disks,
        };
    }

    private async Task MeasureAsync(CancellationToken cancellation)
    {
        DiskSubject[] turns = [.. _roads.SelectMany((road, index) => index < _peers.Count ? [road, _peers[index]] : (DiskSubject[])[road])];
        foreach (DiskSubject subject in turns)
        {
            _progress($"warming up: {subject.Title}");
            await subject.WarmUpAsync(_warmUp, _options.Seconds, cancellation);
        }

        foreach (DiskLoad load in DiskLoad.All)
        {
            for (int run = 1; run <= _options.Runs; run++)
            {
                foreach (DiskSubject subject in turns)
                {
                    LoadSample sample = await subject.MeasureAsync(load, _options.Seconds, cancellation);
                    _progress($"{load.Title}, run {run} of {_options.Runs}: {subject.Title} {load.Rate(sample.Figures):F0} {load.Unit}");
                }
            }
        }
    }
}
