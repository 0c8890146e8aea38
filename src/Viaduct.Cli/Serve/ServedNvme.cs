using Viaduct.Assigned.VfioUser.Server;
using Viaduct.Backends.Block;
using Viaduct.Cli.Parsing;
using Viaduct.Emulated.Nvme;
using Viaduct.Platform.Accounting;
using Viaduct.Sriov;

namespace Viaduct.Cli.Serve;

/// <summary>An NVMe controller with its disks, behind a socket.</summary>
internal sealed class ServedNvme : IServedNvme
{
    private readonly List<IDisposable> _owned = [];
    private readonly DeviceCounters _counters;
    private readonly ServedFunction _function;

    /// <param name="id">The device's id.</param>
    /// <param name="disks">Its disks, namespace 1 first.</param>
    /// <param name="socket">The socket's file.</param>
    /// <param name="log">Where it says who came and went.</param>
    /// <exception cref="BlockOpenException">A disk can't be used.</exception>
    /// <exception cref="Platform.Host.HostException">The socket can't be made.</exception>
    internal ServedNvme(string id, IReadOnlyList<ServedDiskOption> disks, string socket, IEventLog log)
    {
        _counters = new DeviceCounters(id, Road.Assigned);
        try
        {
            OpenDisks open = Own(new OpenDisks(disks));
            ServedMemory memory = new();
            NvmeOptions options = new() { Id = id, Disks = open.All };
            NvmeDevice device = Own(NvmeDevice.Create(options, memory.NewTarget(_counters), _counters, log));
            _function = Own(new ServedFunction(socket, device.Function, memory, log));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public ServeReport Report() => ServeReport.Of(_counters.Device, _function.Socket, _function.Clients, _counters.Read());

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
}
