using Viaduct.Platform.Accounting;

namespace Viaduct.Cli.Bench.Disk;

/// <summary>
/// One controller shared by several guests, each with a virtual function of it: what they have together when all load
/// it at the same time, and how even their shares are.
/// </summary>
internal sealed class TogetherBench
{
    // What each guest has of the disk.
    private const int PartLength = 64 << 20;

    private static readonly DiskLoad[] _loads = [.. DiskLoad.All.Where(load => load is { Random: true, Depth: > 1 })];

    private readonly DiskBenchOptions _options;
    private readonly Action<string> _progress;

    /// <param name="options">What to measure.</param>
    /// <param name="progress">Told what is done.</param>
    internal TogetherBench(DiskBenchOptions options, Action<string> progress)
    {
        _options = options;
        _progress = progress;
    }

    /// <summary>Measures.</summary>
    /// <exception cref="BenchFailedException">A guest failed.</exception>
    internal async Task<IReadOnlyList<TogetherSample>> RunAsync(BenchRig rig, CancellationToken cancellation)
    {
        int most = _options.VirtualFunctions.Max();
        string[] ids = [.. Enumerable.Range(1, most).Select(function => $"vf{function}")];
        string folder = await rig.ServeAsync("together", rig.CreateImage("together", PartLength, ["physical", .. ids]), most, cancellation);
        List<(LoadGuest Guest, string Id)> guests = [];
        for (int function = 1; function <= most; function++)
        {
            BenchDisk disk = new(ids[function - 1], Road.Shared, BenchRig.SocketOf(folder, function));
            guests.Add((await rig.BootAsync([disk], cancellation), disk.Id));
        }

        _progress($"warming up: {most} guests of one controller");
        await RunAsync(guests, _loads[0], cancellation);
        List<TogetherSample> samples = [];
        foreach (DiskLoad load in _loads)
        {
            for (int run = 1; run <= _options.Runs; run++)
            {
                foreach (int count in _options.VirtualFunctions)
                {
                    LoadFigures[] figures = await RunAsync(guests.Take(count), load, cancellation);
                    TogetherSample sample = new(count, load, [.. figures.Select(load.Rate)]);
                    samples.Add(sample);
                    _progress($"{load.Title}, run {run} of {_options.Runs}: {count} at once {sample.Sum:F0} {load.Unit}, the slowest {sample.Fairness:F2} of the fastest");
                }
            }
        }

        return samples;
    }

    private Task<LoadFigures[]> RunAsync(IEnumerable<(LoadGuest Guest, string Id)> guests, DiskLoad load, CancellationToken cancellation) =>
        Task.WhenAll(guests.Select(guest => guest.Guest.RunAsync(guest.Id, load, _options.Seconds, cancellation)));
}
