using Viaduct.Assigned.Registry;
using Viaduct.Backends.Block;
using Viaduct.Cli.Parsing;
using Viaduct.Emulated.Nvme;
using Viaduct.Platform.Accounting;
using Viaduct.Sriov;

namespace Viaduct.Cli.Serve;

/// <summary>An NVMe controller with its disks and virtual functions, behind a folder of sockets.</summary>
internal sealed class SharedNvme : IServedDevice
{
    private readonly OpenDisks _disks;
    private readonly ServedController _controller;

    /// <param name="id">The device's id.</param>
    /// <param name="disks">Its disks, and whose they are.</param>
    /// <param name="virtualFunctions">How many there are.</param>
    /// <param name="folder">Where the sockets go.</param>
    /// <param name="log">Where it says who came and went.</param>
    /// <exception cref="BlockOpenException">A disk can't be used.</exception>
    /// <exception cref="FormatException">A disk is too small to be divided.</exception>
    /// <exception cref="ServedFolderException">Another process serves there.</exception>
    /// <exception cref="Platform.Host.HostException">A socket can't be made.</exception>
    internal SharedNvme(string id, IReadOnlyList<ServedDiskOption> disks, int virtualFunctions, string folder, IEventLog log)
    {
        _disks = new OpenDisks(disks);
        try
        {
            NvmeSubsystemOptions options = new()
            {
                Id = id,
                Namespaces = _disks.Share(disks, virtualFunctions),
                VirtualFunctions = virtualFunctions,
            };
            _controller = new ServedController(options, folder, log, DeviceRegistry.Default);
        }
        catch
        {
            _disks.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public ServeReport Report() => ServeReport.Of(_controller);

    public void Dispose()
    {
        _controller.Dispose();
        _disks.Dispose();
    }
}
