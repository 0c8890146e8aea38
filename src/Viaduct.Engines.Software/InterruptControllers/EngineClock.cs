using System.Diagnostics;

namespace Viaduct.Engines.Software.InterruptControllers;

/// <summary>The engine's clock over the host's monotonic clock.</summary>
public sealed class EngineClock : IEngineClock
{
    /// <summary>Ticks a second of the guest's TSC and of the APIC timer's input (CPUID leaf 15H says both).</summary>
    public const long Frequency = 1_000_000_000;

    private static readonly bool _isNanoseconds = Stopwatch.Frequency == Frequency;
    private long _start = Stopwatch.GetTimestamp();

    /// <inheritdoc/>
    public long Nanoseconds
    {
        get
        {
            long ticks = Stopwatch.GetTimestamp() - Volatile.Read(ref _start);
            return _isNanoseconds ? ticks : (long)((Int128)ticks * Frequency / Stopwatch.Frequency);
        }
    }

    /// <summary>Goes on from a time, as if the machine had been built so long ago. Before any processor runs.</summary>
    public void GoOnFrom(long nanoseconds)
    {
        long ticks = _isNanoseconds ? nanoseconds : (long)((Int128)nanoseconds * Stopwatch.Frequency / Frequency);
        Volatile.Write(ref _start, Stopwatch.GetTimestamp() - ticks);
    }
}
