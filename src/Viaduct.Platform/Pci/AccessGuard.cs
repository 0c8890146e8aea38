namespace Viaduct.Platform.Pci;

/// <summary>
/// Lets accesses through until it is closed, and knows when the last one has left: what a function that goes away
/// needs, for a vCPU may be at its registers still.
/// </summary>
internal sealed class AccessGuard
{
    private const int Closed = int.MinValue;

    private readonly object _idle = new();
    private int _inside;

    /// <summary>Begins an access, which <see cref="Exit"/> ends; false when there are to be no more.</summary>
    internal bool TryEnter()
    {
        if (Interlocked.Increment(ref _inside) > 0)
        {
            return true;
        }

        Exit();
        return false;
    }

    /// <summary>Ends an access.</summary>
    internal void Exit()
    {
        if (Interlocked.Decrement(ref _inside) == Closed)
        {
            lock (_idle)
            {
                Monitor.PulseAll(_idle);
            }
        }
    }

    /// <summary>Lets no more accesses in and returns when none is inside.</summary>
    internal void Close()
    {
        Interlocked.Or(ref _inside, Closed);
        lock (_idle)
        {
            while (Volatile.Read(ref _inside) != Closed)
            {
                Monitor.Wait(_idle);
            }
        }
    }
}
