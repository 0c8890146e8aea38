namespace Viaduct.Cli.Bench.VfioUser;

/// <summary>A subject's runs of one load: of each the median and the 99th percentile.</summary>
internal sealed class MessageSamples
{
    private readonly List<double> _medians = [];
    private readonly List<double> _tails = [];

    /// <summary>Takes a run's times.</summary>
    internal void Add(double[] times)
    {
        Array.Sort(times);
        _medians.Add(times[times.Length / 2]);
        _tails.Add(times[(int)(times.Length * 0.99)]);
    }

    internal IReadOnlyList<double> Medians => _medians;

    internal IReadOnlyList<double> Tails => _tails;
}
