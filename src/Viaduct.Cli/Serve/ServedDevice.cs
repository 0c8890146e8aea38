using Viaduct.Backends.Block;
using Viaduct.Platform.Accounting;
using Viaduct.Platform.Pci;
using Viaduct.Sriov;

namespace Viaduct.Cli.Serve;

/// <summary>A device of one function behind a socket.</summary>
internal sealed class ServedDevice : IServedDevice
{
    private readonly ServedParts _parts;
    private readonly ServedFunction _function;

    /// <param name="id">The device's id.</param>
    /// <param name="socket">The socket's file.</param>
    /// <param name="log">Where it says who came and went.</param>
    /// <param name="build">Makes the device, of parts that are disposed with this.</param>
    /// <exception cref="BlockOpenException">A disk can't be used.</exception>
    /// <exception cref="Platform.Host.HostException">The socket can't be made.</exception>
    internal ServedDevice(string id, string socket, IEventLog log, Func<ServedParts, PciFunction> build)
    {
        _parts = new ServedParts(id, log);
        try
        {
            _function = _parts.Own(new ServedFunction(socket, build(_parts), _parts.Memory, log));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public ServeReport Report() => ServeReport.Of(_parts.Id, _function.Socket, _function.Clients, _parts.Counters.Read());

    public void Dispose() => _parts.Dispose();
}
