using Viaduct.Backends.Block;
using Viaduct.Platform.Accounting;
using Viaduct.Platform.Host;

namespace Viaduct.Emulated.Nvme.Sharing;

/// <summary>
/// A controller's queues, one a disk, each opened when the first namespace on its disk comes and kept from then on. The
/// worker itself drives the first and sleeps on it; the others have threads of their own, which wake it.
/// </summary>
internal sealed class DiskQueues : IDisposable
{
    private readonly string _name;
    private readonly DeviceCounters _counters;
    private readonly IEventLog _log;
    private readonly IdleQueue _idle = new();
    private readonly List<IBlockBackend> _disks = [];
    private IBlockQueue[] _queues = [];
    private volatile IBlockQueue _first;

    internal DiskQueues(string name, DeviceCounters counters, IEventLog log)
    {
        _name = name;
        _counters = counters;
        _log = log;
        _first = _idle;
    }

    /// <summary>Those that are open. Worker.</summary>
    internal ReadOnlySpan<IBlockQueue> All => _queues;

    /// <summary>What wakes the worker as <see cref="Wake"/> does, for doorbells; null where the first queue has no such thing.</summary>
    internal EventFd? Bell => _first.Bell;

    /// <summary>How often <see cref="Bell"/> was raised since this was last asked. Worker.</summary>
    internal ulong TakeRings() => _first.TakeRings();

    /// <summary>The queue to a disk, or null when the host has no means for one more. Worker; it must look for work once more before it sleeps.</summary>
    internal IBlockQueue? TryOpen(IBlockBackend disk)
    {
        int index = _disks.IndexOf(disk);
        if (index >= 0)
        {
            return _queues[index];
        }

        IBlockQueue queue;
        try
        {
            queue = disk.OpenQueue(NvmeLimits.Commands);
        }
        catch (HostException error)
        {
            _log.Warn(_name, $"a disk can't be reached: {error.Message}");
            return null;
        }

        if (_queues.Length == 0)
        {
            _first = queue;
            Interlocked.MemoryBarrier();
        }
        else
        {
            queue = new RelayedBlockQueue(queue, NvmeLimits.Commands, $"io-{_name}d{_queues.Length + 1}", _counters, Wake);
        }

        _disks.Add(disk);
        _queues = [.. _queues, queue];
        return queue;
    }

    /// <summary>Sleeps until something came back or <see cref="Wake"/> was called. Worker.</summary>
    /// <param name="longest">The longest time, or <see cref="Timeout.InfiniteTimeSpan"/>.</param>
    internal void Wait(TimeSpan longest) => _first.Wait(longest);

    /// <summary>Any thread.</summary>
    internal void Wake()
    {
        // What the caller did before must be there for a worker that has just begun to sleep on another queue.
        Interlocked.MemoryBarrier();
        _first.Wake();
    }

    /// <summary>Closes all, once the worker is gone.</summary>
    public void Dispose()
    {
        // In reverse, for the first is what the relayed ones wake.
        for (int i = _queues.Length - 1; i >= 0; i--)
        {
            _queues[i].Dispose();
        }

        _idle.Dispose();
    }
}
