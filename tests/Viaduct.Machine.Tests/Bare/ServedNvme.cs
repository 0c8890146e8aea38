using Viaduct.Assigned.VfioUser.Server;
using Viaduct.Backends.Block;
using Viaduct.Emulated.Nvme;
using Viaduct.Machine.Specification;
using Viaduct.Platform.Accounting;

namespace Viaduct.Machine.Tests.Bare;

/// <summary>An NVMe controller with a disk of 1 MiB, served over vfio-user, to be assigned to a guest.</summary>
internal sealed class ServedNvme : IDisposable
{
    private const long Length = 1 << 20;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("viaduct-served-");
    private readonly RawBlockBackend _disk;
    private readonly NvmeDevice _device;
    private readonly VfioUserServer _server;

    public ServedNvme()
    {
        string path = Path.Combine(_folder.FullName, "disk.img");
        using (FileStream file = File.Create(path))
        {
            file.SetLength(Length);
        }

        _disk = RawBlockBackend.Open(new RawBlockOptions { Path = path });
        ServedMemory memory = new();
        DeviceCounters counters = new("served", Road.Assigned);
        EventLog log = new(TextWriter.Null);
        _device = NvmeDevice.Create(new NvmeOptions { Id = "served", Disks = [_disk] }, memory.NewTarget(counters), counters, log);
        Socket = Path.Combine(_folder.FullName, "nvme.sock");
        _server = new VfioUserServer(Socket, _device.Function, memory, log);
    }

    public string Socket { get; }

    public AssignedSpec Assigned => new() { Id = "assigned", Socket = Socket };

    public void Dispose()
    {
        _server.Dispose();
        _device.Dispose();
        _disk.Dispose();
        _folder.Delete(recursive: true);
    }
}
