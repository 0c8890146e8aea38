using Viaduct.Assigned.VfioUser.Protocol;
using Viaduct.Platform.Host;

namespace Viaduct.Assigned.VfioUser.Client;

/// <summary>A device behind a socket's path.</summary>
public sealed class VfioUserSource : IAssignedDeviceSource
{
    private readonly string _path;
    private readonly string _holder;

    /// <param name="path">The server's socket.</param>
    /// <param name="holder">Who takes the device, for the server to tell others.</param>
    public VfioUserSource(string path, string holder)
    {
        _path = Path.GetFullPath(path);
        _holder = holder;
        Name = $"vfio-user:{path}";
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public IAssignedDevice Open()
    {
        MessageSocket socket;
        try
        {
            socket = MessageSocket.Connect(_path);
        }
        catch (HostException error)
        {
            throw new AssignedDeviceException($"{Name}: no server listens there ({error.Message}); {Remedy()}", inner: error);
        }

        return new VfioUserDevice(Name, socket, _holder);
    }

    /// <inheritdoc/>
    public IDisposable? Watch(Action appeared)
    {
        string? folder = Path.GetDirectoryName(_path);
        if (!Directory.Exists(folder))
        {
            return null;
        }

        FileSystemWatcher watcher = new(folder, Path.GetFileName(_path)) { NotifyFilter = NotifyFilters.FileName };
        watcher.Created += (_, _) => appeared();
        watcher.Renamed += (_, _) => appeared();
        watcher.EnableRaisingEvents = true;
        return watcher;
    }

    // A controller that is shared has a control socket beside those of its functions.
    private string Remedy() =>
        Path.GetDirectoryName(_path) is { } folder && File.Exists(Path.Combine(folder, "control.sock"))
            ? $"'viaduct sriov list {folder}' says what that controller has, 'viaduct sriov create {folder}' makes a virtual function more"
            : $"start one with: viaduct serve nvme --disk path=F --vfio-user {_path}";
}
