using Viaduct.Emulated.Serial;
using Viaduct.Platform.Accounting;

namespace Viaduct.Cli.Bench.Disk;

/// <summary>A monitor that runs a guest of the bench: Viaduct, or a peer.</summary>
internal interface IDiskMonitor : IDisposable
{
    /// <summary>Its name and version, for the report.</summary>
    string Name { get; }

    /// <summary>Completes when the guest has ended, with why.</summary>
    Task<string> Ended { get; }

    /// <summary>Starts the guest.</summary>
    /// <param name="console">Where its console's output goes.</param>
    void Start(ISerialSink console);

    /// <summary>Types at its console.</summary>
    void Type(string line);

    /// <summary>What a disk cost so far, or null where the monitor can't be asked.</summary>
    DeviceCounts? Counts(string disk);
}
