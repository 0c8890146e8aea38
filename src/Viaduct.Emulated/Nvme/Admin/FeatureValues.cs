using Viaduct.Emulated.Nvme.Logs;

namespace Viaduct.Emulated.Nvme.Admin;

/// <summary>The values of the features; a reset brings the defaults back (but for the clock, which goes on). Worker only.</summary>
internal sealed class FeatureValues
{
    /// <summary>Host Behavior Support is 512 bytes, of which one has a meaning: Advanced Command Retry Enable.</summary>
    internal const int HostBehaviorBytes = 512;

    /// <summary>Host Identifier, extended form.</summary>
    internal const int HostIdentifierBytes = 16;

    private readonly TimeProvider _time;
    private readonly bool[] _uncoalesced = new bool[NvmeLimits.Queues];
    private long _timestampSetAt;
    private ulong _timestamp;
    private bool _timestampSet;

    internal FeatureValues(TimeProvider time)
    {
        _time = time;
        _timestampSetAt = time.GetTimestamp();
        Reset();
    }

    internal uint Arbitration { get; set; }

    internal uint ErrorRecovery { get; set; }

    internal bool WriteCache { get; set; }

    internal uint InterruptCoalescing { get; set; }

    internal uint WriteAtomicity { get; set; }

    internal uint EventConfiguration { get; set; }

    /// <summary>Kelvin; above it is a warning.</summary>
    internal ushort OverTemperature { get; set; }

    /// <summary>Kelvin; below it is a warning.</summary>
    internal ushort UnderTemperature { get; set; }

    internal byte RetryEnable { get; set; }

    internal byte[] HostIdentifier { get; } = new byte[HostIdentifierBytes];

    /// <summary>Critical Warning of the SMART page: bit 1 when the temperature is past a threshold.</summary>
    internal byte CriticalWarning => SmartCounters.Temperature >= OverTemperature || SmartCounters.Temperature <= UnderTemperature ? (byte)2 : (byte)0;

    /// <summary>Whether a vector is exempt from coalescing (feature 09h).</summary>
    internal ref bool Uncoalesced(int vector) => ref _uncoalesced[vector];

    /// <summary>Milliseconds: since 1970 once the host has set it, else since power-on (5.21.1.14).</summary>
    internal ulong Timestamp => (_timestamp + (ulong)_time.GetElapsedTime(_timestampSetAt).TotalMilliseconds) & 0xFFFF_FFFF_FFFF;

    /// <summary>Byte 6 of the timestamp: where it comes from.</summary>
    internal byte TimestampOrigin => _timestampSet ? (byte)0b0010 : (byte)0;

    internal void SetTimestamp(ulong milliseconds)
    {
        _timestamp = milliseconds & 0xFFFF_FFFF_FFFF;
        _timestampSetAt = _time.GetTimestamp();
        _timestampSet = true;
    }

    internal void Reset()
    {
        Arbitration = DefaultOf(FeatureId.Arbitration);
        ErrorRecovery = 0;
        WriteCache = true;
        InterruptCoalescing = 0;
        WriteAtomicity = 0;
        EventConfiguration = 0;
        OverTemperature = SmartCounters.WarningTemperature;
        UnderTemperature = 0;
        RetryEnable = 0;
        Array.Clear(HostIdentifier);
        Array.Clear(_uncoalesced);
    }

    /// <summary>What a feature of one dword is after a reset.</summary>
    internal static uint DefaultOf(FeatureId feature) => feature switch
    {
        // Arbitration burst: no limit (7); there is one priority.
        FeatureId.Arbitration => 7,
        FeatureId.VolatileWriteCache => 1,
        FeatureId.NumberOfQueues => (NvmeLimits.IoQueues - 1) | ((NvmeLimits.IoQueues - 1) << 16),
        FeatureId.TemperatureThreshold => SmartCounters.WarningTemperature,
        _ => 0,
    };
}
