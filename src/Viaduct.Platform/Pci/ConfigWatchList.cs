namespace Viaduct.Platform.Pci;

/// <summary>Who hears of accesses to a function's configuration space: the platform's registers, and devices. All are there when the device is built.</summary>
/// <param name="guard">What tells a device that is going away nothing more; null for one that stays.</param>
internal sealed class ConfigWatchList(AccessGuard? guard)
{
    private ConfigWatch[] _watches = [];
    private ConfigWatch[] _readWatches = [];

    /// <summary>Adds registers of the platform's.</summary>
    internal void Add(int offset, int length, IConfigRegisters registers) =>
        _watches = [.. _watches, new ConfigWatch(offset, length, registers, null)];

    /// <summary>Adds a device; an <see cref="IConfigReadObserver"/> hears of reads, too.</summary>
    internal void Add(int offset, int length, IConfigWriteObserver observer)
    {
        ConfigWatch watch = new(offset, length, null, observer);
        _watches = [.. _watches, watch];
        if (observer is IConfigReadObserver)
        {
            _readWatches = [.. _readWatches, watch];
        }
    }

    /// <summary>Tells devices that registers are about to be read.</summary>
    internal void TellReading(int offset, int size)
    {
        foreach (ConfigWatch watch in _readWatches)
        {
            if (watch.Overlaps(offset, size) && (guard is null || guard.TryEnter()))
            {
                try
                {
                    ((IConfigReadObserver)watch.Observer!).OnConfigReading(offset - watch.Offset, size);
                }
                finally
                {
                    guard?.Exit();
                }
            }
        }
    }

    /// <summary>Has the platform's registers take a write on, and says what follows from it. Under the topology's lock.</summary>
    internal ConfigEffects TakeOn(int offset, int size)
    {
        ConfigEffects effects = ConfigEffects.None;
        foreach (ConfigWatch watch in _watches)
        {
            if (watch.Registers is not null && watch.Overlaps(offset, size))
            {
                effects |= watch.Registers.Written();
            }
        }

        return effects;
    }

    /// <summary>Tells devices that registers were written. No lock is held.</summary>
    internal void TellWritten(int offset, int size)
    {
        foreach (ConfigWatch watch in _watches)
        {
            if (watch.Observer is not null && watch.Overlaps(offset, size) && (guard is null || guard.TryEnter()))
            {
                try
                {
                    watch.Observer.OnConfigWritten(offset - watch.Offset, size);
                }
                finally
                {
                    guard?.Exit();
                }
            }
        }
    }

    /// <summary>Takes what the platform's registers keep beside their values back to its start. Under the topology's lock.</summary>
    internal void Reset()
    {
        foreach (ConfigWatch watch in _watches)
        {
            watch.Registers?.Reset();
        }
    }
}
