using Viaduct.Paravirtual.Queues;
using Viaduct.Platform.Accounting;
using Viaduct.Platform.Host;
using Viaduct.Platform.Workers;

namespace Viaduct.Paravirtual.Workers;

/// <summary>
/// The work on one or more queues of a device by one thread: finish what the back-end has done, serve new chains,
/// interrupt once for the batch, and ask for notifications only before sleep. Queues come and go between two rounds.
/// </summary>
/// <remarks>
/// <see cref="Start"/> and <see cref="Stop"/> are for one control thread at a time and take no lock: a slot is handed
/// over by one volatile write each way.
/// </remarks>
internal abstract class QueueWork : IWork, IDisposable
{
    private readonly Slot[] _slots;
    private readonly object _pauseGate = new();
    private DeviceWorker? _worker;
    private volatile bool _pausing;
    private bool _paused;

    /// <param name="slots">How many queues it may have.</param>
    protected QueueWork(int slots)
    {
        _slots = new Slot[slots];
        for (int i = 0; i < slots; i++)
        {
            _slots[i] = new Slot();
        }
    }

    public abstract void Sleep();

    public abstract void Wake();

    /// <summary>What a doorbell may raise instead of calling <see cref="Wake"/>; the worker counts these. Null where it waits for no such thing.</summary>
    internal abstract EventFd? Bell { get; }

    /// <summary>Gives it a thread. Without one, whoever holds it calls <see cref="DoWork"/>.</summary>
    internal void Run(string name, DeviceCounters counters) => _worker = new DeviceWorker(name, this, counters);

    internal void Start(int slot, VirtQueue queue)
    {
        _slots[slot].Stopped.Reset();
        Volatile.Write(ref _slots[slot].Queue, queue);
        Wake();
    }

    /// <summary>Waits until every chain of the queue has been returned.</summary>
    internal QueueState Stop(int index)
    {
        Slot slot = _slots[index];
        VirtQueue queue = Volatile.Read(ref slot.Queue) ?? throw new InvalidOperationException("The queue isn't started");
        Volatile.Write(ref slot.Stopping, true);
        Wake();
        while (_worker is null && Volatile.Read(ref slot.Queue) is not null)
        {
            if (!DoWork())
            {
                Sleep();
            }
        }

        slot.Stopped.Wait();
        return queue.State;
    }

    /// <summary>
    /// Returns when no chain is with the back-end; none is taken, and no ring looked at, before <see cref="Resume"/>. For
    /// work whose back-end gives chains back by itself. Not while a queue is stopped.
    /// </summary>
    internal void Pause()
    {
        _pausing = true;
        Wake();
        while (_worker is null && !_paused)
        {
            if (!DoWork())
            {
                Sleep();
            }
        }

        lock (_pauseGate)
        {
            while (!_paused)
            {
                Monitor.Wait(_pauseGate);
            }
        }
    }

    /// <summary>Goes on after <see cref="Pause"/>.</summary>
    internal void Resume()
    {
        lock (_pauseGate)
        {
            _pausing = false;
            _paused = false;
        }

        Wake();
    }

    public bool DoWork()
    {
        if (_pausing)
        {
            return Quiesce();
        }

        bool worked = Complete();
        for (int i = 0; i < _slots.Length; i++)
        {
            Slot slot = _slots[i];
            if (Volatile.Read(ref slot.Queue) is not { } queue)
            {
                continue;
            }

            bool stopping = Volatile.Read(ref slot.Stopping);
            if (!stopping)
            {
                queue.SuppressNotifications();
                worked |= Serve(i, queue);
            }

            if (stopping || MaySignal(i))
            {
                queue.Signal();
            }

            if (stopping && Held(i) == 0)
            {
                slot.Release();
                worked = true;
            }
        }

        return worked || AllowNotifications();
    }

    public virtual void Dispose()
    {
        _worker?.Dispose();
        _worker = null;
        foreach (Slot slot in _slots)
        {
            slot.Dispose();
        }
    }

    /// <summary>Finishes chains that the back-end is done with. True when there was one.</summary>
    protected abstract bool Complete();

    /// <summary>Takes and serves chains, a ring's length of them at most. True when there was one.</summary>
    protected abstract bool Serve(int slot, VirtQueue queue);

    /// <summary>How many chains of the queue are with the back-end.</summary>
    protected abstract int Held(int slot);

    /// <summary>Whether a new chain would be taken now; else the driver isn't asked to tell of it.</summary>
    protected abstract bool Wants(int slot);

    /// <summary>Whether the driver is told now of the chains that were returned, or later.</summary>
    protected virtual bool MaySignal(int slot) => true;

    /// <summary>The queue of a slot, while it has one.</summary>
    protected VirtQueue QueueOf(int slot) => _slots[slot].Queue!;

    /// <summary>The queue of a slot that chains may be taken from, or null.</summary>
    protected VirtQueue? ServedQueue(int slot) => Volatile.Read(ref _slots[slot].Stopping) ? null : Volatile.Read(ref _slots[slot].Queue);

    /// <summary>The queue of a slot that is to give its chains back, or null.</summary>
    protected VirtQueue? StoppingQueue(int slot) => Volatile.Read(ref _slots[slot].Stopping) ? Volatile.Read(ref _slots[slot].Queue) : null;

    /// <summary>Takes what is under way to its end, and begins nothing.</summary>
    private bool Quiesce()
    {
        bool worked = Complete();
        for (int i = 0; i < _slots.Length; i++)
        {
            if (Held(i) != 0)
            {
                return worked;
            }
        }

        lock (_pauseGate)
        {
            _paused = _pausing;
            Monitor.PulseAll(_pauseGate);
        }

        return worked;
    }

    private bool AllowNotifications()
    {
        bool more = false;
        for (int i = 0; i < _slots.Length; i++)
        {
            Slot slot = _slots[i];
            if (Volatile.Read(ref slot.Queue) is { } queue && !Volatile.Read(ref slot.Stopping) && Wants(i))
            {
                more |= queue.AllowNotifications();
            }
        }

        return more;
    }

    private sealed class Slot : IDisposable
    {
        internal readonly ManualResetEventSlim Stopped = new();
        internal VirtQueue? Queue;
        internal bool Stopping;

        public void Dispose() => Stopped.Dispose();

        internal void Release()
        {
            Volatile.Write(ref Stopping, false);
            Volatile.Write(ref Queue, null);
            Stopped.Set();
        }
    }
}
