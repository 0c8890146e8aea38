using Viaduct.Engines.Software.InterruptControllers;

namespace Viaduct.Engines.Software.Mmu;

/// <summary>
/// Gives one thread memory for itself: while the gate is closed every other processor stands at a block border, halts,
/// or waits for a device's answer, and can't go on. For what the host can't do atomically, and for states to be saved.
/// </summary>
internal sealed class ProcessorGate
{
    private readonly object _door = new();
    private readonly Lock _turn = new();
    private readonly List<(MapFollower Map, ICpuKick Kick)> _processors = [];
    private volatile bool _closed;

    /// <summary>Whether who wants to go on must wait.</summary>
    internal bool IsClosed => _closed;

    /// <summary>A processor joins, before any runs.</summary>
    internal void Join(MapFollower map, ICpuKick kick) => _processors.Add((map, kick));

    /// <summary>Closes it and waits until all processors have stopped. A processor's thread has left its own map before.</summary>
    internal void Close()
    {
        _turn.Enter();
        _closed = true;
        Interlocked.MemoryBarrier();
        foreach ((MapFollower map, ICpuKick kick) in _processors)
        {
            if (!map.IsOutside)
            {
                kick.Kick();
                map.WaitOutside();
            }
        }
    }

    /// <summary>Opens it. The thread that closed it.</summary>
    internal void Open()
    {
        lock (_door)
        {
            _closed = false;
            Monitor.PulseAll(_door);
        }

        _turn.Exit();
    }

    /// <summary>Waits while it is closed.</summary>
    internal void Pass()
    {
        lock (_door)
        {
            while (_closed)
            {
                Monitor.Wait(_door);
            }
        }
    }
}
