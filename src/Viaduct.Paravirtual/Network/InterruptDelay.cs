using System.Diagnostics;

namespace Viaduct.Paravirtual.Network;

/// <summary>
/// Holds a queue's interrupts back until enough frames have passed, or the first of them is old enough (virtio 1.2,
/// 5.1.6.5.7). Limits are set by any thread, the rest is the worker's.
/// </summary>
internal sealed class InterruptDelay
{
    private const uint LongestMicroseconds = 1_000_000;

    private long _limits;
    private int _frames;
    private long _due;

    /// <summary>Frames, and microseconds; no delay where the latter is zero.</summary>
    internal (uint Frames, uint Microseconds) Limits
    {
        get
        {
            ulong limits = (ulong)Volatile.Read(ref _limits);
            return ((uint)(limits >> 32), (uint)limits);
        }

        set => Volatile.Write(ref _limits, (long)(((ulong)value.Frames << 32) | value.Microseconds));
    }

    /// <summary>When the driver is to be told at the latest, in <see cref="Stopwatch"/> ticks; 0 when there is nothing to tell.</summary>
    internal long Due => _due;

    /// <summary>A frame passed.</summary>
    internal void Count()
    {
        _frames++;
        if (_due == 0)
        {
            uint wait = Math.Min(Limits.Microseconds, LongestMicroseconds);
            _due = wait == 0 ? 0 : Stopwatch.GetTimestamp() + (wait * Stopwatch.Frequency / 1_000_000);
        }
    }

    /// <summary>Whether to tell the driver now.</summary>
    internal bool IsOver()
    {
        if (_due != 0)
        {
            uint limit = Limits.Frames;
            if ((limit == 0 || _frames < limit) && Stopwatch.GetTimestamp() < _due)
            {
                return false;
            }
        }

        _frames = 0;
        _due = 0;
        return true;
    }
}
