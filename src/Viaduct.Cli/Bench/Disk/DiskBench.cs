using Viaduct.Machine.GuestParts;
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
        await using BenchRig rig = await BenchRig.CreateAsync(_options, _progress, cancellation);
        List<BenchDisk> disks = [];
        foreach (Road road in _options.Roads)
        {
            disks.Add(await CreateAsync(rig, road, cancellation));
        }

        LoadGuest guest = await rig.BootAsync(disks, cancellation);
        IReadOnlyList<DiskSubject> peers = await BootPeerAsync(rig, cancellation);
        DiskSubject[] roads = [.. disks.Select(disk => new DiskSubject(disk, disk.Id, guest, peers.FirstOrDefault(peer => peer.IsLike(disk.Road))))];
        await MeasureAsync([.. roads.SelectMany(road => road.Peer is { } peer && roads.First(other => other.Peer == peer) == road ? [road, peer] : (DiskSubject[])[road])], cancellation);
        IReadOnlyList<TogetherSample> together = _options.VirtualFunctions.Count == 0 ? [] : await new TogetherBench(_options, _progress).RunAsync(rig, cancellation);
        return new DiskReport(((ViaductMonitor)guest.Monitor).Engine, rig.Folder, roads, together);
    }

    private static async Task<BenchDisk> CreateAsync(BenchRig rig, Road road, CancellationToken cancellation)
    {
        string id = RoadNames.Name(road);
        switch (road)
        {
            case Road.Assigned:
                return new BenchDisk(id, road, await rig.ServeAsync(id, rig.CreateImage(id, DiskImage.Length, id), 0, cancellation));
            case Road.Shared:
                // The physical function has the image's first half.
                string folder = await rig.ServeAsync(id, rig.CreateImage(id, DiskImage.Length, "physical", id), 1, cancellation);
                return new BenchDisk(id, road, BenchRig.SocketOf(folder, 1));
            default:
                return new BenchDisk(id, road, rig.CreateImage(id, DiskImage.Length, id));
        }
    }

    // One NVMe controller and one virtio-blk disk, as far as roads want them beside.
    private async Task<IReadOnlyList<DiskSubject>> BootPeerAsync(BenchRig rig, CancellationToken cancellation)
    {
        if (_options.Peer is not { } program)
        {
            return [];
        }

        List<BenchDisk> disks = [];
        foreach (Road road in (ReadOnlySpan<Road>)[Road.Emulated, Road.Paravirtual])
        {
            string id = "peer-" + RoadNames.Name(road);
            if (_options.Roads.Any(other => DiskSubject.IsParavirtual(other) == DiskSubject.IsParavirtual(road)))
            {
                disks.Add(new BenchDisk(id, road, rig.CreateImage(id, DiskImage.Length, id)));
            }
        }

        LoadGuest guest = await rig.BootPeerAsync(program, disks, cancellation);
        return [.. disks.Select(disk => new DiskSubject(disk, $"{program.Version} {QemuMonitor.DeviceOf(disk.Road)} (TCG)", guest))];
    }

    private async Task MeasureAsync(DiskSubject[] turns, CancellationToken cancellation)
    {
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
