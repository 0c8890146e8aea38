using Viaduct.Emulated.Nvme.Admin;

namespace Viaduct.Emulated.Nvme.Queues;

/// <summary>
/// Holds interrupts of I/O completion queues back until a vector has enough entries or the first of them has waited long
/// enough (NVMe 1.4, 5.21.1.8 and 5.21.1.9). Worker only, but for the timer.
/// </summary>
internal sealed class InterruptCoalescing : IDisposable
{
    /// <summary>The unit of the aggregation time.</summary>
    private static readonly TimeSpan _unit = TimeSpan.FromMicroseconds(100);

    private readonly TimeProvider _time;
    private readonly FeatureValues _features;
    private readonly Action _wake;
    private readonly Lock _gate = new();
    private readonly int[] _held = new int[NvmeLimits.Queues];
    private readonly long[] _due = new long[NvmeLimits.Queues];
    private ITimer? _timer;
    private int _holding;
    private bool _disposed;

    /// <param name="time">The timer's clock.</param>
    /// <param name="features">Where time, threshold and exempt vectors stand.</param>
    /// <param name="wake">Wakes the worker, which then calls <see cref="TryTakeDue"/>.</param>
    internal InterruptCoalescing(TimeProvider time, FeatureValues features, Action wake)
    {
        _time = time;
        _features = features;
        _wake = wake;
    }

    /// <summary>Whether a vector's interrupt waits, with so many entries more to announce. When not, it is raised now for all.</summary>
    internal bool Hold(int vector, int entries)
    {
        uint setting = _features.InterruptCoalescing;
        int time = (int)(setting >> 8);
        int threshold = (int)(setting & 0xFF) + 1;
        if (time == 0 || _features.Uncoalesced(vector) || _held[vector] + entries >= threshold)
        {
            Forget(vector);
            return false;
        }

        if (_held[vector] == 0)
        {
            _holding++;
            TimeSpan wait = time * _unit;
            _due[vector] = _time.GetTimestamp() + (long)(wait.TotalSeconds * _time.TimestampFrequency);
            // Another vector's earlier time stands; when that comes, this one's is set.
            if (_holding == 1)
            {
                Arm(wait);
            }
        }

        _held[vector] += entries;
        return true;
    }

    /// <summary>A vector is raised for another reason: nothing of it waits any more.</summary>
    internal void Forget(int vector)
    {
        if (_held[vector] != 0)
        {
            _held[vector] = 0;
            _holding--;
        }
    }

    /// <summary>Takes a vector that has waited long enough; when none has, the timer is set for the next.</summary>
    internal bool TryTakeDue(out int vector)
    {
        vector = -1;
        if (_holding == 0)
        {
            return false;
        }

        long now = _time.GetTimestamp();
        long next = long.MaxValue;
        for (int i = 0; i < _held.Length; i++)
        {
            if (_held[i] == 0)
            {
                continue;
            }

            if (_due[i] <= now)
            {
                vector = i;
                Forget(i);
                return true;
            }

            next = Math.Min(next, _due[i]);
        }

        Arm(_time.GetElapsedTime(now, next));
        return false;
    }

    /// <summary>Forgets what waits.</summary>
    internal void Clear()
    {
        Array.Clear(_held);
        _holding = 0;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
        }

        _timer?.Dispose();
    }

    private void Arm(TimeSpan wait)
    {
        // A timer counts whole milliseconds; one that comes a little early is set again.
        TimeSpan rounded = TimeSpan.FromMilliseconds(Math.Max(1, Math.Ceiling(wait.TotalMilliseconds)));
        _timer ??= _time.CreateTimer(static self => ((InterruptCoalescing)self!).Ring(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _timer.Change(rounded, Timeout.InfiniteTimeSpan);
    }

    private void Ring()
    {
        lock (_gate)
        {
            if (!_disposed)
            {
                _wake();
            }
        }
    }
}
