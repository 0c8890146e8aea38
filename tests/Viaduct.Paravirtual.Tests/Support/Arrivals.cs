namespace Viaduct.Paravirtual.Tests.Support;

/// <summary>Counts events of other threads and waits for them.</summary>
internal sealed class Arrivals
{
    private readonly object _lock = new();
    private int _waiting;

    internal int Count { get; private set; }

    internal void Add()
    {
        lock (_lock)
        {
            Count++;
            _waiting++;
            Monitor.Pulse(_lock);
        }
    }

    /// <summary>Takes one, or waits for it.</summary>
    internal void Wait()
    {
        lock (_lock)
        {
            while (_waiting == 0)
            {
                Assert.True(Monitor.Wait(_lock, TimeSpan.FromSeconds(60)), "no interrupt came");
            }

            _waiting--;
        }
    }
}
