using Viaduct.Assigned;
using Viaduct.Assigned.VfioUser.Server;
using Viaduct.Backends.Block;
using Viaduct.Emulated.Nvme;
using Viaduct.Platform.Accounting;

namespace Viaduct.Guests.Support;

/// <summary>An NVMe controller served on a socket.</summary>
internal sealed class ServedDisk : IDisposable
{
    private readonly RawBlockBackend _disk;
    private readonly NvmeDevice _nvme;
    private readonly VfioUserServer _server;

    internal ServedDisk(string socket, string path)
    {
        EventLog log = new(TextWriter.Null);
        DeviceCounters counters = new("served", Road.Assigned);
        ServedMemory memory = new();
        _disk = RawBlockBackend.Open(new RawBlockOptions { Path = path });
        _nvme = NvmeDevice.Create(new NvmeOptions { Id = "served", Disks = [_disk] }, memory.NewTarget(counters), counters, log);
        _server = new VfioUserServer(socket, _nvme.Function, memory, log);
    }

    internal DeviceHolder? Holder => _server.Holder;

    public void Dispose()
    {
        _server.Dispose();
        _nvme.Dispose();
        _disk.Dispose();
    }
}
