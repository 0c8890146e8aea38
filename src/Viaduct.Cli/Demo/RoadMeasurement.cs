using System.Diagnostics;
using Viaduct.Platform.Accounting;

namespace Viaduct.Cli.Demo;

/// <summary>What one road cost, gathered while the guest works: counts and time of the spans between its marks alone.</summary>
internal sealed class RoadMeasurement
{
    private readonly DeviceCounters _counters;
    private DeviceCounts _atBegin;
    private long _beganAt;
    private bool _measuring;

    internal RoadMeasurement(DemoDisk disk, DeviceCounters counters)
    {
        Disk = disk;
        _counters = counters;
    }

    internal DemoDisk Disk { get; }

    /// <summary>The driver that bound, as the guest says.</summary>
    internal string Driver { get; set; } = "";

    /// <summary>The checksum of what the guest found on the disk.</summary>
    internal string FoundSum { get; set; } = "";

    /// <summary>The checksum of what the guest read back.</summary>
    internal string ReadBackSum { get; set; } = "";

    /// <summary>What went wrong in the guest, or null.</summary>
    internal string? Failure { get; set; }

    /// <summary>Counts of the measured spans.</summary>
    internal DeviceCounts Counts { get; private set; }

    /// <summary>Length of the measured spans.</summary>
    internal TimeSpan Elapsed { get; private set; }

    internal void Begin()
    {
        _measuring = true;
        _atBegin = _counters.Read();
        _beganAt = Stopwatch.GetTimestamp();
    }

    internal void End()
    {
        if (!_measuring)
        {
            return;
        }

        _measuring = false;
        Elapsed += Stopwatch.GetElapsedTime(_beganAt);
        Counts += _counters.Read() - _atBegin;
    }
}
