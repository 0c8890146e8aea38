using Viaduct.Assigned;
using Viaduct.Assigned.VfioUser.Server;
using Viaduct.Platform.Accounting;
using Viaduct.Platform.Host;
using Viaduct.Platform.Pci;

namespace Viaduct.Sriov;

/// <summary>A function that is served on a socket of its own, and who has it.</summary>
public sealed class ServedFunction : IDisposable
{
    private readonly VfioUserServer _server;
    private readonly DeviceCounters _counters;
    private readonly IEventLog _log;
    private DeviceHolder? _holder;
    private long _clients;

    /// <summary>Begins to serve.</summary>
    /// <param name="socket">The socket's file.</param>
    /// <param name="function">The function, which is in no topology. It stays the caller's, who disposes its device after this.</param>
    /// <param name="memory">What its DMA goes to.</param>
    /// <param name="log">Where it says who came and went.</param>
    /// <param name="isShared">Whether it is a virtual function.</param>
    /// <param name="remedy">What who is refused could do instead; null for the usual.</param>
    /// <exception cref="HostException">The socket can't be made.</exception>
    public ServedFunction(string socket, PciFunction function, ServedMemory memory, IEventLog log, bool isShared = false, Func<string>? remedy = null)
    {
        _counters = function.Counters;
        _log = log;
        _server = new VfioUserServer(socket, function, memory, log, isShared, remedy);
        _server.HolderChanged += Say;
    }

    /// <summary>The socket's file.</summary>
    public string Socket => _server.Path;

    /// <summary>Who has it; null when nobody does.</summary>
    public DeviceHolder? Holder => _server.Holder;

    /// <summary>How many had it so far.</summary>
    public long Clients => Interlocked.Read(ref _clients);

    /// <summary>What it did so far.</summary>
    public DeviceCounts Counts => _counters.Read();

    /// <summary>Ends serving, unless somebody has the function.</summary>
    /// <returns>False when somebody has.</returns>
    public bool TryEnd() => _server.TryDispose();

    /// <summary>Ends serving; who has the function loses it.</summary>
    public void Dispose() => _server.Dispose();

    // On the server's thread.
    private void Say()
    {
        // Where one goes and the next is there already, this is called twice with the next one.
        DeviceHolder? holder = _server.Holder;
        if (ReferenceEquals(holder, _holder))
        {
            return;
        }

        if (_holder is not null)
        {
            _log.Warn(_counters.Device, $"{_holder.Name} (pid {_holder.Process}) has left the device");
        }

        if (holder is not null)
        {
            Interlocked.Increment(ref _clients);
            _log.Warn(_counters.Device, $"{holder.Name} (pid {holder.Process}) has the device");
        }

        _holder = holder;
    }
}
