using System.Diagnostics;

namespace Viaduct.Engines.Software.InterruptControllers;

/// <summary>The engine's clock over the host's monotonic clock.</summary>
public sealed class EngineClock : IEngineClock
{
    /// <summary>Ticks a second of the guest's TSC and of the APIC timer's input (CPUID leaf 15H says both).</summary>
    public const long Frequency = 1_000_000_000;

    private static readonly bool _isNanoseconds = Stopwatch.Frequency == Frequency;
    private readonly long _start = Stopwatch.GetTimestamp();

    /// <inheritdoc/>
    public long Nanoseconds
    {
        get
        {
            long ticks = Stopwatch.GetTimestamp() - _start;
            return _isNanoseconds ? ticks : (long)((Int128)ticks * Frequency / Stopwatch.Frequency);
        }
    }
}
