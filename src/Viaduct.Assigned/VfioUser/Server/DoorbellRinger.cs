using Viaduct.Platform.Host;
using Viaduct.Platform.Pci;

namespace Viaduct.Assigned.VfioUser.Server;

/// <summary>Waits for the eventfd that a client rings after a trapped store, and passes that on to the device.</summary>
internal sealed class DoorbellRinger : IDisposable
{
    private readonly DoorbellPage _page;
    private readonly Thread _thread;
    private volatile bool _stopping;

    internal DoorbellRinger(DoorbellPage page, string name)
    {
        _page = page;
        _thread = new Thread(Run) { Name = $"bell-{name}", IsBackground = true };
        _thread.UnsafeStart();
    }

    /// <summary>The eventfd.</summary>
    internal EventFd Bell { get; } = new();

    /// <summary>Stops the thread.</summary>
    public void Dispose()
    {
        _stopping = true;
        Bell.Signal();
        _thread.Join();
        Bell.Dispose();
    }

    private void Run()
    {
        while (!_stopping)
        {
            if (Bell.Wait())
            {
                _page.Ring();
            }
        }
    }
}
