namespace Viaduct.Emulated.Nvme.Logs;

/// <summary>What the SMART page counts over the controller's life; resets don't touch it. Worker only.</summary>
internal sealed class SmartCounters(TimeProvider time)
{
    /// <summary>What the controller says its temperature is, in kelvin: 35 °C. A disk that is a file has none.</summary>
    internal const ushort Temperature = 308;

    /// <summary>Warning Composite Temperature Threshold (WCTEMP): 70 °C.</summary>
    internal const ushort WarningTemperature = 343;

    /// <summary>Critical Composite Temperature Threshold (CCTEMP): 85 °C.</summary>
    internal const ushort CriticalTemperature = 358;

    private const ulong DataUnit = 512 * 1000;

    private readonly long _powerOn = time.GetTimestamp();
    private ulong _bytesRead;
    private ulong _bytesWritten;
    private ulong _reads;
    private ulong _writes;
    private ulong _mediaErrors;
    private int _busy;
    private long _busySince;
    private long _busyTicks;

    /// <summary>A command of the NVM command set begins.</summary>
    internal void Begin()
    {
        if (_busy++ == 0)
        {
            _busySince = time.GetTimestamp();
        }
    }

    /// <summary>It has ended.</summary>
    internal void End()
    {
        if (--_busy == 0)
        {
            _busyTicks += time.GetTimestamp() - _busySince;
        }
    }

    /// <summary>All have ended: a reset.</summary>
    internal void EndAll()
    {
        if (_busy != 0)
        {
            _busy = 1;
            End();
        }
    }

    /// <summary>The host read (or compared) so many bytes.</summary>
    internal void Read(int bytes)
    {
        _reads++;
        _bytesRead += (uint)bytes;
    }

    /// <summary>The host wrote so many bytes.</summary>
    internal void Written(int bytes)
    {
        _writes++;
        _bytesWritten += (uint)bytes;
    }

    /// <summary>The disk failed a command.</summary>
    internal void MediaError() => _mediaErrors++;

    /// <summary>The page as it stands.</summary>
    internal SmartPage Read(byte criticalWarning, ulong errorEntries) => new()
    {
        CriticalWarning = criticalWarning,
        Temperature = Temperature,
        AvailableSpare = 100,
        SpareThreshold = 10,
        DataUnitsRead = (_bytesRead + DataUnit - 1) / DataUnit,
        DataUnitsWritten = (_bytesWritten + DataUnit - 1) / DataUnit,
        HostReads = _reads,
        HostWrites = _writes,
        BusyTime = (ulong)(_busyTicks / time.TimestampFrequency / 60),
        PowerCycles = 1,
        PowerOnTime = (ulong)time.GetElapsedTime(_powerOn).TotalHours,
        MediaErrors = _mediaErrors,
        ErrorEntries = errorEntries,
    };
}
