namespace Viaduct.Emulated.Nvme.Io;

/// <summary>
/// Holds a controller to its speed with two token buckets, commands and bytes. A command may begin while both have
/// something in them, and may leave them in debt, so that the rate holds whatever the size of a command. While they are
/// empty a timer wakes the worker when it may go on. Worker only.
/// </summary>
internal sealed class RateLimiter : IDisposable
{
    // One, less what sums of fractions lose.
    private const double One = 1 - 1e-6;

    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private NvmeRateLimit? _limit;
    private double _operations;
    private double _bytes;
    private long _filledAt;

    internal RateLimiter(TimeProvider time, Action wake)
    {
        _time = time;
        _timer = time.CreateTimer(static state => ((Action)state!)(), wake, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Takes on a limit, and says whether an I/O command may begin now. Where not, a timer runs until it may.</summary>
    internal bool MayBegin(NvmeRateLimit? limit)
    {
        if (!ReferenceEquals(limit, _limit))
        {
            _limit = limit;
            _filledAt = _time.GetTimestamp();
            _operations = limit is null ? 0 : Capacity(limit.OperationsPerSecond, limit.Burst);
            _bytes = limit is null ? 0 : Capacity(limit.BytesPerSecond, limit.Burst);
        }

        if (_limit is null)
        {
            return true;
        }

        if (IsOpen)
        {
            return true;
        }

        Fill();
        if (IsOpen)
        {
            return true;
        }

        double wait = Math.Max(Wait(_operations, _limit.OperationsPerSecond), Wait(_bytes, _limit.BytesPerSecond));
        // A timer counts whole milliseconds; and a limit that is changed meanwhile wakes the worker itself.
        _timer.Change(TimeSpan.FromMilliseconds(Math.Clamp(Math.Ceiling(wait * 1000), 1, 10_000)), Timeout.InfiniteTimeSpan);
        return false;
    }

    /// <summary>A command has begun.</summary>
    internal void Began()
    {
        if (_limit is not null)
        {
            _operations--;
        }
    }

    /// <summary>It moves so many bytes.</summary>
    internal void Moves(int bytes)
    {
        if (_limit is not null)
        {
            _bytes -= bytes;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _timer.Dispose();

    private bool IsOpen => (_limit!.OperationsPerSecond == 0 || _operations >= One) && (_limit.BytesPerSecond == 0 || _bytes > 0);

    private static double Capacity(long rate, TimeSpan burst) => Math.Max(1, rate * burst.TotalSeconds);

    private static double Wait(double level, long rate) => rate == 0 || level >= 1 ? 0 : (1 - level) / rate;

    private void Fill()
    {
        long now = _time.GetTimestamp();
        double seconds = _time.GetElapsedTime(_filledAt, now).TotalSeconds;
        _filledAt = now;
        _operations = Math.Min(_operations + (seconds * _limit!.OperationsPerSecond), Capacity(_limit.OperationsPerSecond, _limit.Burst));
        _bytes = Math.Min(_bytes + (seconds * _limit.BytesPerSecond), Capacity(_limit.BytesPerSecond, _limit.Burst));
    }
}
