using Viaduct.Assigned.VfioUser.Server;
using Viaduct.Backends.Block;
using Viaduct.Emulated.Nvme;
using Viaduct.Platform.Accounting;

namespace Viaduct.Cli.Serve;

/// <summary>An NVMe controller with its disks, behind a socket.</summary>
internal sealed class ServedNvme : IDisposable
{
    private readonly List<IDisposable> _owned = [];
    private readonly DeviceCounters _counters;
    private readonly VfioUserServer _server;
    private readonly IEventLog _log;
    private DeviceHolder? _holder;
    private long _clients;

    /// <param name="id">The device's id.</param>
    /// <param name="disks">Its disks, namespace 1 first.</param>
    /// <param name="socket">The socket's file.</param>
    /// <param name="log">Where it says who came and went.</param>
    /// <exception cref="BlockOpenException">A disk can't be used.</exception>
    /// <exception cref="Platform.Host.HostException">The socket can't be made.</exception>
    internal ServedNvme(string id, IReadOnlyList<RawBlockOptions> disks, string socket, IEventLog log)
    {
        _log = log;
        _counters = new DeviceCounters(id, Road.Assigned);
        try
        {
            List<IBlockBackend> backends = [];
            foreach (RawBlockOptions disk in disks)
            {
                backends.Add(Own(RawBlockBackend.Open(disk)));
            }

            ServedMemory memory = new();
            NvmeOptions options = new() { Id = id, Disks = backends };
            NvmeDevice device = Own(NvmeDevice.Create(options, memory.NewTarget(_counters), _counters, log));
            _server = Own(new VfioUserServer(socket, device.Function, memory, log));
        }
        catch
        {
            Dispose();
            throw;
        }

        _server.HolderChanged += Say;
    }

    /// <summary>What it did so far.</summary>
    internal ServeReport Report() => ServeReport.Of(_counters.Device, _server.Path, Interlocked.Read(ref _clients), _counters.Read());

    public void Dispose()
    {
        for (int i = _owned.Count - 1; i >= 0; i--)
        {
            _owned[i].Dispose();
        }

        _owned.Clear();
    }

    private T Own<T>(T thing)
        where T : IDisposable
    {
        _owned.Add(thing);
        return thing;
    }

    private void Say()
    {
        DeviceHolder? holder = _server.Holder;
        if (holder is not null)
        {
            Interlocked.Increment(ref _clients);
            _log.Warn(_counters.Device, $"{holder.Name} (pid {holder.Process}) has the device");
        }
        else if (_holder is not null)
        {
            _log.Warn(_counters.Device, $"{_holder.Name} (pid {_holder.Process}) has left the device");
        }

        _holder = holder;
    }
}
