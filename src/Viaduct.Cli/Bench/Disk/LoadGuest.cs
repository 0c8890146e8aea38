using System.Diagnostics;
using System.Globalization;
using System.Threading.Channels;
using Viaduct.Cli.Guests;

namespace Viaduct.Cli.Bench.Disk;

/// <summary>A guest that <see cref="DiskScript"/> runs in, whoever runs it: asked on its console, one load at a time.</summary>
internal sealed class LoadGuest : IDisposable
{
    // Generous: a guest that isn't there by then will never be.
    private static readonly TimeSpan _bootLimit = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan _loadSlack = TimeSpan.FromMinutes(2);

    private readonly Channel<(GuestMark Mark, long Time)> _marks = Channel.CreateUnbounded<(GuestMark, long)>();
    private readonly Dictionary<string, string> _disks = new(StringComparer.Ordinal);
    private readonly GuestConsole _console;

    /// <param name="monitor">Who runs it; disposed with this.</param>
    /// <param name="verbose">Where its console goes too, or null.</param>
    internal LoadGuest(IDiskMonitor monitor, TextWriter? verbose)
    {
        Monitor = monitor;
        _console = new GuestConsole(Follow, verbose);
    }

    /// <summary>Who runs it.</summary>
    internal IDiskMonitor Monitor { get; }

    /// <summary>Boots it.</summary>
    /// <exception cref="BenchFailedException">It didn't come up, or hasn't its disks.</exception>
    internal async Task StartAsync(IEnumerable<string> disks, CancellationToken cancellation)
    {
        Monitor.Start(_console);
        (GuestMark ready, _) = await NextAsync(_bootLimit, cancellation);
        foreach (string pair in ready.Words.Skip(1))
        {
            string[] parts = pair.Split('=');
            _disks[parts[0]] = parts[^1];
        }

        if (disks.FirstOrDefault(disk => !_disks.ContainsKey(disk)) is { } missing)
        {
            throw Failed($"the guest has no disk '{missing}'");
        }
    }

    /// <summary>Runs a load on a disk.</summary>
    /// <exception cref="BenchFailedException">It failed.</exception>
    internal async Task<LoadFigures> RunAsync(string disk, DiskLoad load, int seconds, CancellationToken cancellation)
    {
        Monitor.Type(string.Create(CultureInfo.InvariantCulture, $"{_disks[disk]} {load.Pattern} {load.BlockSize} {load.Depth} {seconds}"));
        TimeSpan limit = TimeSpan.FromSeconds(seconds) + _loadSlack;
        (GuestMark begin, long began) = await NextAsync(limit, cancellation);
        (GuestMark end, long ended) = await NextAsync(limit, cancellation);
        if (begin.Verb != "begin" || end.Verb != "result")
        {
            throw Failed($"{load.Title} failed in the guest: {string.Join(' ', end.Words.Skip(1))}");
        }

        double clock = (Number(end, 0) - Number(begin, 0)) / Stopwatch.GetElapsedTime(began, ended).TotalSeconds;
        double kibibytes = Number(end, load.Write ? 3 : 1);
        double milliseconds = Number(end, load.Write ? 4 : 2);
        if (kibibytes <= 0 || milliseconds <= 0 || clock <= 0)
        {
            throw Failed($"{load.Title}: the guest moved nothing");
        }

        return new LoadFigures(kibibytes * 1024, milliseconds / 1000 / clock, clock);
    }

    /// <inheritdoc/>
    public void Dispose() => Monitor.Dispose();

    private static double Number(GuestMark mark, int index) =>
        double.TryParse(mark.Word(index), CultureInfo.InvariantCulture, out double value) ? value : 0;

    private void Follow(string line)
    {
        if (GuestMark.TryParse(line) is { } mark)
        {
            _marks.Writer.TryWrite((mark, Stopwatch.GetTimestamp()));
        }
    }

    private async Task<(GuestMark Mark, long Time)> NextAsync(TimeSpan limit, CancellationToken cancellation)
    {
        Task<(GuestMark, long)> next = _marks.Reader.ReadAsync(cancellation).AsTask();
        try
        {
            if (await Task.WhenAny(next, Monitor.Ended).WaitAsync(limit, cancellation) == Monitor.Ended && !next.IsCompleted)
            {
                throw Failed($"the guest ended early: {await Monitor.Ended}");
            }

            return await next;
        }
        catch (TimeoutException)
        {
            throw Failed($"the guest said nothing for {limit.TotalSeconds:F0} s");
        }
    }

    private BenchFailedException Failed(string message) => new($"{Monitor.Name}: {message}", _console.Tail());
}
