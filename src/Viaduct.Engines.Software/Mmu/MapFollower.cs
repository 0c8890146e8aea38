namespace Viaduct.Engines.Software.Mmu;

/// <summary>
/// How far a processor has followed changes of the address space. Other threads announce changes and may wait until
/// the processor holds no translation of before; it has none that counts while it halts or a device answers it, for it
/// looks here before it goes on.
/// </summary>
internal sealed class MapFollower
{
    private readonly object _lock = new();
    private readonly ProcessorGate _gate;
    private long _announced;
    private long _followed;
    private int _waiters;
    private volatile bool _outside = true;

    /// <param name="gate">Where the processor waits while another has memory for itself.</param>
    internal MapFollower(ProcessorGate gate) => _gate = gate;

    /// <summary>Whether translations may be out of date. Processor.</summary>
    internal bool IsBehind => Volatile.Read(ref _announced) != _followed;

    /// <summary>Whether the processor touches no memory until it has looked here. Any thread.</summary>
    internal bool IsOutside => _outside;

    /// <summary>There is a new map. Any thread.</summary>
    internal void Announce() => Interlocked.Increment(ref _announced);

    /// <summary>What is announced now; to be read before translations are dropped. Processor.</summary>
    internal long Announced => Volatile.Read(ref _announced);

    /// <summary>Translations from before an announcement are dropped. Processor.</summary>
    internal void Follow(long announced)
    {
        Volatile.Write(ref _followed, announced);
        Interlocked.MemoryBarrier();
        WakeWaiters();
    }

    /// <summary>The processor touches no memory until it comes back.</summary>
    internal void Leave()
    {
        _outside = true;
        Interlocked.MemoryBarrier();
        WakeWaiters();
    }

    /// <summary>The processor is back, once the gate is open, and looks at <see cref="IsBehind"/> next.</summary>
    internal void Return()
    {
        ReturnThroughGate();
        while (_gate.IsClosed)
        {
            Leave();
            _gate.Pass();
            ReturnThroughGate();
        }
    }

    /// <summary>As <see cref="Return"/>, for the processor that closed the gate.</summary>
    internal void ReturnThroughGate()
    {
        _outside = false;
        Interlocked.MemoryBarrier();
    }

    /// <summary>At a block border: waits outside where the gate is closed. The processor looks at <see cref="IsBehind"/> next.</summary>
    internal void StandAside()
    {
        if (_gate.IsClosed)
        {
            Leave();
            Return();
        }
    }

    /// <summary>Waits until the processor is outside. Another thread, which keeps it there by the gate.</summary>
    internal void WaitOutside()
    {
        lock (_lock)
        {
            _waiters++;
            Interlocked.MemoryBarrier();
            while (!_outside)
            {
                Monitor.Wait(_lock);
            }

            _waiters--;
        }
    }

    /// <summary>Waits until all announced changes are followed, or the processor is outside. Another thread.</summary>
    internal void Wait()
    {
        long target = Volatile.Read(ref _announced);
        lock (_lock)
        {
            _waiters++;
            Interlocked.MemoryBarrier();
            while (!_outside && Volatile.Read(ref _followed) < target)
            {
                Monitor.Wait(_lock);
            }

            _waiters--;
        }
    }

    private void WakeWaiters()
    {
        if (Volatile.Read(ref _waiters) != 0)
        {
            lock (_lock)
            {
                Monitor.PulseAll(_lock);
            }
        }
    }
}
