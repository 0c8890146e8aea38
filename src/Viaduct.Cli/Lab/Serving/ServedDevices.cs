using System.Globalization;
using Viaduct.Backends.Block;
using Viaduct.Cli.Lab.Specification;

namespace Viaduct.Cli.Lab.Serving;

/// <summary>A lab's served devices, a process each, and their sockets.</summary>
internal sealed class ServedDevices : IAsyncDisposable
{
    private readonly LabFolder _folder;
    private readonly Action<string> _say;
    private readonly Dictionary<string, LabDevice> _devices = new(StringComparer.Ordinal);
    private readonly List<ServedDevice> _processes = [];

    /// <param name="folder">Where sockets go.</param>
    /// <param name="say">Told what happens to them.</param>
    internal ServedDevices(LabFolder folder, Action<string> say)
    {
        _folder = folder;
        _say = say;
    }

    /// <summary>Those that ended while guests ran.</summary>
    internal IReadOnlyList<string> Lost => [.. _processes.Select(process => process.Loss).OfType<string>()];

    /// <summary>Starts all, and waits until guests can connect.</summary>
    /// <exception cref="LabFailedException">One can't be served.</exception>
    internal async Task StartAsync(IReadOnlyList<LabDevice> devices, CancellationToken cancellation)
    {
        foreach (LabDevice device in devices)
        {
            _devices.Add(device.Name, device);
            _processes.Add(new ServedDevice(device.Name, Arguments(device), _say));
        }

        await Task.WhenAll(_processes.Select(process => process.StartedAsync(cancellation)));
        foreach (LabDevice device in devices)
        {
            _say(device.VirtualFunctions == 0
                ? $"{device.Name}: served by a process of its own"
                : $"{device.Name}: served by a process of its own, with {device.VirtualFunctions} virtual functions");
        }
    }

    /// <summary>The socket of a function.</summary>
    internal string Socket(LabAssignment assignment)
    {
        LabDevice device = _devices[assignment.Device!];
        return (device.VirtualFunctions, assignment.VirtualFunction) switch
        {
            (0, _) => Place(device),
            (_, null) => Path.Combine(Place(device), "pf.sock"),
            (_, { } index) => Path.Combine(Place(device), string.Create(CultureInfo.InvariantCulture, $"vf{index}.sock")),
        };
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (ServedDevice process in _processes)
        {
            await process.DisposeAsync();
        }
    }

    private string Place(LabDevice device) => _folder.Path(device.VirtualFunctions == 0 ? $"{device.Name}.sock" : device.Name);

    private List<string> Arguments(LabDevice device)
    {
        List<string> arguments = ["serve", "nvme", "--vfio-user", Place(device), "--supervised"];
        if (device.VirtualFunctions > 0)
        {
            arguments.AddRange(["--vfs", device.VirtualFunctions.ToString(CultureInfo.InvariantCulture)]);
        }

        foreach (LabDisk disk in device.Disks)
        {
            arguments.AddRange(["--disk", Option(disk, device)]);
        }

        return arguments;
    }

    private string Option(LabDisk disk, LabDevice device)
    {
        try
        {
            string path = _folder.Disk(disk, device.Name);
            if (path.Contains(',', StringComparison.Ordinal))
            {
                throw new LabFailedException($"{device.Name}: {path}: the path of a served device's disk can't hold a comma", ExitCodes.BadUsage);
            }

            return $"path={path},id={disk.Id}{(disk.ReadOnly ? ",readonly" : "")}{(disk.Direct ? ",direct" : "")}";
        }
        catch (BlockOpenException error)
        {
            throw new LabFailedException($"{device.Name}: {error.Message}", ExitCodes.BadUsage);
        }
    }
}
