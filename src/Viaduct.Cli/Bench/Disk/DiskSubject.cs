using Viaduct.Platform.Accounting;

namespace Viaduct.Cli.Bench.Disk;

/// <summary>A disk in a guest, and what was measured on it so far.</summary>
internal sealed class DiskSubject
{
    private readonly LoadGuest _guest;
    private readonly Dictionary<DiskLoad, List<LoadSample>> _samples = [];

    /// <param name="disk">The disk.</param>
    /// <param name="title">For people: the road, or the peer's device.</param>
    /// <param name="guest">The guest that has it.</param>
    /// <param name="peer">What it is to be compared with, or null.</param>
    internal DiskSubject(BenchDisk disk, string title, LoadGuest guest, DiskSubject? peer = null)
    {
        Disk = disk;
        Title = title;
        Peer = peer;
        _guest = guest;
    }

    /// <summary>The disk.</summary>
    internal BenchDisk Disk { get; }

    /// <summary>For people.</summary>
    internal string Title { get; }

    /// <summary>What it is to be compared with, or null.</summary>
    internal DiskSubject? Peer { get; }

    /// <summary>What was measured with a load, in the order of the runs.</summary>
    internal IReadOnlyList<LoadSample> Samples(DiskLoad load) => _samples.GetValueOrDefault(load) ?? [];

    /// <summary>All that was measured.</summary>
    internal IEnumerable<LoadSample> AllSamples => _samples.Values.SelectMany(samples => samples);

    /// <summary>Whether the guest drives a road's disk as virtio, and not as NVMe.</summary>
    internal static bool IsParavirtual(Road road) => road == Road.Paravirtual;

    /// <summary>Whether the guest drives it as it drives a road's disk.</summary>
    internal bool IsLike(Road road) => IsParavirtual(Disk.Road) == IsParavirtual(road);

    /// <summary>Runs a load once, without keeping the figures: the first pass is the compilers' and the caches'.</summary>
    internal Task WarmUpAsync(DiskLoad load, int seconds, CancellationToken cancellation) => _guest.RunAsync(Disk.Id, load, seconds, cancellation);

    /// <summary>Runs a load once and keeps the figures.</summary>
    internal async Task<LoadSample> MeasureAsync(DiskLoad load, int seconds, CancellationToken cancellation)
    {
        DeviceCounts? before = _guest.Monitor.Counts(Disk.Id);
        LoadFigures figures = await _guest.RunAsync(Disk.Id, load, seconds, cancellation);
        LoadSample sample = new(figures, _guest.Monitor.Counts(Disk.Id) - before);
        Add(load, sample);
        return sample;
    }

    /// <summary>Keeps what was measured.</summary>
    internal void Add(DiskLoad load, LoadSample sample)
    {
        if (!_samples.TryGetValue(load, out List<LoadSample>? samples))
        {
            _samples.Add(load, samples = []);
        }

        samples.Add(sample);
    }
}
