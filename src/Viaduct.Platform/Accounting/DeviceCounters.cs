using System.Diagnostics;
using Viaduct.Platform.Host;

namespace Viaduct.Platform.Accounting;

/// <summary>
/// What one device cost, counted where it happens, always: exits, doorbells, interrupts, DMA bytes, requests and
/// back-end work. All methods are for any thread and allocate nothing.
/// </summary>
public sealed class DeviceCounters
{
    private long _exits;
    private long _exitTicks;
    private long _doorbells;
    private long _interrupts;
    private long _dmaReadBytes;
    private long _dmaWrittenBytes;
    private long _requests;
    private long _backendOperations;
    private long _backendBytes;
    private volatile bool _missesDoorbells;
    private readonly Lock _workersLock = new();
    private int[] _workers = [];
    private TimeSpan _endedWorkers;
    private NetworkCounters[] _network = [];

    /// <param name="device">The device's id, as the user named it.</param>
    /// <param name="road">How the guest reaches it.</param>
    public DeviceCounters(string device, Road road)
    {
        Device = device;
        Road = road;
    }

    /// <summary>The device's id.</summary>
    public string Device { get; }

    /// <summary>How the guest reaches it.</summary>
    public Road Road { get; }

    /// <summary>What the device's part in another process has counted, where it has one: added to what is counted here.</summary>
    public Func<DeviceCounts>? Elsewhere { get; set; }

    /// <summary>A guest access left the guest's execution for the monitor.</summary>
    /// <param name="ticks">How long the monitor took, in <see cref="Stopwatch"/> ticks.</param>
    public void Exit(long ticks)
    {
        Interlocked.Increment(ref _exits);
        Interlocked.Add(ref _exitTicks, ticks);
    }

    /// <summary>A doorbell reached the device's worker.</summary>
    public void Doorbell() => Interlocked.Increment(ref _doorbells);

    /// <summary>As many doorbells reached the device's worker by an eventfd.</summary>
    public void Doorbells(ulong count) => Interlocked.Add(ref _doorbells, (long)count);

    /// <summary>From now on doorbells reach the device in a way that nobody here can count.</summary>
    public void MissDoorbells() => _missesDoorbells = true;

    /// <summary>The device interrupted the guest.</summary>
    public void Interrupt() => Interlocked.Increment(ref _interrupts);

    /// <summary>The device read guest memory.</summary>
    public void DmaRead(ulong bytes) => Interlocked.Add(ref _dmaReadBytes, (long)bytes);

    /// <summary>The device wrote guest memory.</summary>
    public void DmaWritten(ulong bytes) => Interlocked.Add(ref _dmaWrittenBytes, (long)bytes);

    /// <summary>The device finished a request of the guest: a command, a descriptor chain, a packet.</summary>
    public void Request() => Interlocked.Increment(ref _requests);

    /// <summary>The back-end finished an operation.</summary>
    public void BackendOperation(ulong bytes)
    {
        Interlocked.Increment(ref _backendOperations);
        Interlocked.Add(ref _backendBytes, (long)bytes);
    }

    /// <summary>The queues of a network device, each with its frames.</summary>
    public IReadOnlyList<NetworkCounters> Network => Volatile.Read(ref _network);

    /// <summary>Adds a queue of a network device.</summary>
    /// <param name="name">Which.</param>
    public NetworkCounters AddNetworkQueue(string name)
    {
        NetworkCounters queue = new(name);
        lock (_workersLock)
        {
            Volatile.Write(ref _network, [.. _network, queue]);
        }

        return queue;
    }

    /// <summary>Says that the calling thread works for this device; its CPU time is the device's.</summary>
    public void AddCurrentThread() => AddWorker(Libc.gettid());

    /// <summary>Says that the calling thread, which worked for this device, ends; what it used stays the device's.</summary>
    public void RemoveCurrentThread()
    {
        int threadId = Libc.gettid();
        lock (_workersLock)
        {
            _workers = [.. _workers.Where(worker => worker != threadId)];
            _endedWorkers += ThreadClock.Read(threadId);
        }
    }

    /// <summary>Says that a thread works for this device; its CPU time is the device's.</summary>
    internal void AddWorker(int threadId)
    {
        lock (_workersLock)
        {
            _workers = [.. _workers, threadId];
        }
    }

    /// <summary>All counts as they stand.</summary>
    public DeviceCounts Read()
    {
        TimeSpan cpu = Stopwatch.GetElapsedTime(0, Interlocked.Read(ref _exitTicks));
        lock (_workersLock)
        {
            cpu += _endedWorkers;
            foreach (int worker in _workers)
            {
                cpu += ThreadClock.Read(worker);
            }
        }

        NetworkCounts network = default;
        foreach (NetworkCounters queue in Network)
        {
            network += queue.Read();
        }

        DeviceCounts here = new()
        {
            Exits = Interlocked.Read(ref _exits),
            Doorbells = Interlocked.Read(ref _doorbells),
            Interrupts = Interlocked.Read(ref _interrupts),
            DmaReadBytes = Interlocked.Read(ref _dmaReadBytes),
            DmaWrittenBytes = Interlocked.Read(ref _dmaWrittenBytes),
            Requests = Interlocked.Read(ref _requests),
            BackendOperations = Interlocked.Read(ref _backendOperations),
            BackendBytes = Interlocked.Read(ref _backendBytes),
            MonitorCpu = cpu,
            Network = network,
            MissesDoorbells = _missesDoorbells,
        };
        return Elsewhere is { } elsewhere ? here + elsewhere() : here;
    }
}
