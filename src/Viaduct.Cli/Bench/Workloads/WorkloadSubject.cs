namespace Viaduct.Cli.Bench.Workloads;

/// <summary>Something that runs workloads, and what was measured of it so far.</summary>
internal sealed class WorkloadSubject
{
    private readonly Func<WorkloadProcess> _start;
    private readonly Dictionary<Workload, List<WorkloadSample>> _samples = [];

    /// <param name="title">For people.</param>
    /// <param name="start">Starts its process.</param>
    internal WorkloadSubject(string title, Func<WorkloadProcess> start)
    {
        Title = title;
        _start = start;
    }

    /// <summary>For people.</summary>
    internal string Title { get; }

    /// <summary>What its starts took, up to where the script takes workloads.</summary>
    internal List<WorkloadSample> Starts { get; } = [];

    /// <summary>The process that runs, once it was started.</summary>
    internal WorkloadProcess? Running { get; private set; }

    /// <summary>What a workload took.</summary>
    internal IReadOnlyList<WorkloadSample> Samples(Workload workload) => _samples[workload];

    /// <summary>Starts a process anew; one that runs already is ended.</summary>
    /// <exception cref="BenchFailedException">It didn't come up.</exception>
    internal async Task StartAsync(CancellationToken cancellation)
    {
        if (Running is { } old)
        {
            await old.EndAsync(cancellation);
            old.Dispose();
        }

        Running = _start();
        Starts.Add(await Running.BeReadyAsync(cancellation));
    }

    /// <summary>Runs a workload.</summary>
    /// <exception cref="BenchFailedException">It failed.</exception>
    internal async Task<WorkloadSample> RunAsync(Workload workload, CancellationToken cancellation)
    {
        WorkloadSample sample = await Running!.RunAsync(workload, cancellation);
        if (!_samples.TryGetValue(workload, out List<WorkloadSample>? samples))
        {
            _samples.Add(workload, samples = []);
        }

        samples.Add(sample);
        return sample;
    }
}
