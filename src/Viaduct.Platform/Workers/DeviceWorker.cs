using Viaduct.Platform.Accounting;
using Viaduct.Platform.Host;

namespace Viaduct.Platform.Workers;

/// <summary>
/// The thread that does a device's work, so that a doorbell costs the vCPU only a flag. It sleeps when there is
/// nothing to do and is woken by <see cref="Wake"/>; its CPU time counts as the device's.
/// </summary>
public sealed class DeviceWorker : IDisposable
{
    private readonly Thread _thread;
    private readonly IWork _work;
    private readonly DeviceCounters _counters;
    private volatile bool _stopping;

    /// <param name="name">The thread's name, e.g. <c>"io-nvme0"</c>.</param>
    /// <param name="work">What it does.</param>
    /// <param name="counters">Whose CPU time it is.</param>
    public DeviceWorker(string name, IWork work, DeviceCounters counters)
    {
        _work = work;
        _counters = counters;
        _thread = new Thread(Run) { Name = name, IsBackground = true };
        _thread.UnsafeStart();
    }

    /// <summary>Makes the worker look for work. Any thread; cheap when it is awake already.</summary>
    public void Wake() => _work.Wake();

    /// <summary>Stops the thread and waits until it is gone.</summary>
    public void Dispose()
    {
        _stopping = true;
        _work.Wake();
        _thread.Join();
    }

    private void Run()
    {
        _counters.AddWorker(Libc.gettid());
        while (!_stopping)
        {
            if (!_work.DoWork())
            {
                _work.Sleep();
            }
        }

        _counters.RemoveCurrentThread();
    }
}
