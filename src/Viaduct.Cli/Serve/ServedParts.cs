using Viaduct.Assigned.VfioUser.Server;
using Viaduct.Platform.Accounting;
using Viaduct.Platform.Dma;

namespace Viaduct.Cli.Serve;

/// <summary>What a served device is built with, and what it is built of, which goes with it, the last first.</summary>
internal sealed class ServedParts : IDisposable
{
    private readonly List<IDisposable> _owned = [];

    /// <param name="id">The device's id.</param>
    /// <param name="log">Where it says what was wrong.</param>
    internal ServedParts(string id, IEventLog log)
    {
        Id = id;
        Log = log;
        Counters = new DeviceCounters(id, Road.Assigned);
        Dma = Memory.NewTarget(Counters);
    }

    internal string Id { get; }

    internal IEventLog Log { get; }

    internal DeviceCounters Counters { get; }

    /// <summary>What its client shows it.</summary>
    internal ServedMemory Memory { get; } = new();

    /// <summary>Its way to that.</summary>
    internal DmaTarget Dma { get; }

    /// <summary>Keeps a part until the device's end.</summary>
    internal T Own<T>(T part)
        where T : IDisposable
    {
        _owned.Add(part);
        return part;
    }

    public void Dispose()
    {
        for (int i = _owned.Count - 1; i >= 0; i--)
        {
            _owned[i].Dispose();
        }

        _owned.Clear();
    }
}
