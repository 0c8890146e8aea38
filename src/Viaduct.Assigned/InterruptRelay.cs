using Viaduct.Platform.Accounting;
using Viaduct.Platform.Host;

namespace Viaduct.Assigned;

/// <summary>
/// The thread that waits for a device's eventfds and passes each on to the guest; its CPU time is the device's. There is
/// none before there is an eventfd: where the engine takes them all, nothing passes here.
/// </summary>
internal sealed class InterruptRelay : IDisposable
{
    private const ulong StopToken = ulong.MaxValue;

    private readonly EventFdSet _set = new();
    private readonly EventFd _stop = new();
    private readonly DeviceCounters _counters;
    private readonly string _name;
    private readonly Lock _lock = new();
    private Thread? _thread;
    private volatile Source[] _sources = [];
    private long _passed;

    internal InterruptRelay(string name, DeviceCounters counters)
    {
        _name = name;
        _counters = counters;
        _set.Add(_stop, StopToken);
    }

    /// <summary>How many interrupts were passed on so far.</summary>
    internal long Passed => Interlocked.Read(ref _passed);

    /// <summary>Makes an eventfd whose raising calls back on the relay's thread. It lives as long as the relay.</summary>
    /// <param name="raised">Passes it on; must not block.</param>
    /// <param name="number">What it gets.</param>
    internal EventFd Add(Action<int> raised, int number)
    {
        EventFd counter = new();
        lock (_lock)
        {
            _sources = [.. _sources, new Source(counter, raised, number)];
            _set.Add(counter, (ulong)_sources.Length - 1);
            if (_thread is null)
            {
                _thread = new Thread(Run) { Name = $"irq-{_name}", IsBackground = true };
                _thread.UnsafeStart();
            }
        }

        return counter;
    }

    /// <summary>Stops the thread; nothing is passed on any more.</summary>
    public void Dispose()
    {
        _stop.Signal();
        _thread?.Join();
        foreach (Source source in _sources)
        {
            _set.Remove(source.Counter);
            source.Counter.Dispose();
        }

        _stop.Dispose();
        _set.Dispose();
    }

    private void Run()
    {
        _counters.AddCurrentThread();
        Span<ulong> tokens = stackalloc ulong[32];
        while (true)
        {
            int count = _set.Wait(tokens);
            for (int i = 0; i < count; i++)
            {
                if (tokens[i] == StopToken)
                {
                    _counters.RemoveCurrentThread();
                    return;
                }

                Source source = _sources[(int)tokens[i]];
                if (source.Counter.TryConsume())
                {
                    _ = Interlocked.Increment(ref _passed);
                    source.Raised(source.Number);
                }
            }
        }
    }

    private sealed record Source(EventFd Counter, Action<int> Raised, int Number);
}
