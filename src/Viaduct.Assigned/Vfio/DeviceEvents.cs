using Viaduct.Platform.Host;

namespace Viaduct.Assigned.Vfio;

/// <summary>The thread that waits for what the kernel has to say of a device: that it fails, or that the host wants it back.</summary>
internal sealed class DeviceEvents : IDisposable
{
    private const ulong StopToken = ulong.MaxValue;

    private readonly EventFdSet _set = new();
    private readonly EventFd _stop = new();
    private readonly Action<AssignedInterrupt> _lost;
    private readonly Thread _thread;

    /// <param name="name">The device's, for people.</param>
    /// <param name="lost">Called once, with what came first.</param>
    internal DeviceEvents(string name, Action<AssignedInterrupt> lost)
    {
        _lost = lost;
        _set.Add(_stop, StopToken);
        _set.Add(Error, (ulong)AssignedInterrupt.Error);
        _set.Add(Request, (ulong)AssignedInterrupt.Request);
        _thread = new Thread(Run) { Name = $"events-{name}", IsBackground = true };
        _thread.UnsafeStart();
    }

    /// <summary>What the kernel raises on an error.</summary>
    internal EventFd Error { get; } = new();

    /// <summary>What the kernel raises for the host.</summary>
    internal EventFd Request { get; } = new();

    /// <summary>Ends the thread. The kernel may still raise what it knows.</summary>
    public void Dispose()
    {
        _stop.Signal();
        _thread.Join();
        _set.Dispose();
        _stop.Dispose();
        Error.Dispose();
        Request.Dispose();
    }

    private void Run()
    {
        Span<ulong> tokens = stackalloc ulong[4];
        int count = 0;
        while (count == 0)
        {
            count = _set.Wait(tokens);
        }

        // A host that wants it back is obeyed, whatever else there is.
        Span<ulong> raised = tokens[..count];
        if (!raised.Contains(StopToken))
        {
            _lost(raised.Contains((ulong)AssignedInterrupt.Request) ? AssignedInterrupt.Request : AssignedInterrupt.Error);
        }
    }
}
