namespace Viaduct.Engines.Software.Mmu;

/// <summary>
/// How far a processor has followed changes of the address space. Other threads announce changes and may wait until
/// the processor holds no translation of before; it has none that counts while it halts or a device answers it, for it
/// looks here before it goes on.
/// </summary>
internal sealed class MapFollower
{
    private readonly object _gate = new();
    private long _announced;
    private long _followed;
    private int _waiters;
    private volatile bool _outside = true;

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

    /// <summary>The processor is back and looks at <see cref="IsBehind"/> next.</summary>
    internal void Return()
    {
        _outside = false;
        Interlocked.MemoryBarrier();
    }

    /// <summary>Waits until all announced changes are followed, or the processor is outside. Another thread.</summary>
    internal void Wait()
    {
        long target = Volatile.Read(ref _announced);
        lock (_gate)
        {
            _waiters++;
            Interlocked.MemoryBarrier();
            while (!_outside && Volatile.Read(ref _followed) < target)
            {
                Monitor.Wait(_gate);
            }

            _waiters--;
        }
    }

    private void WakeWaiters()
    {
        if (Volatile.Read(ref _waiters) != 0)
        {
            lock (_gate)
            {
                Monitor.PulseAll(_gate);
            }
        }
    }
}
