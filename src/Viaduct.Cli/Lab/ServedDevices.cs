using System.Globalization;
using Viaduct.Backends.Block;
using Viaduct.Cli.Lab.Specification;
using Viaduct.Cli.Serving;
using Viaduct.Sriov;
using Viaduct.Sriov.Control;

namespace Viaduct.Cli.Lab;

/// <summary>A lab's served devices, a process each, and their sockets.</summary>
internal sealed class ServedDevices : IAsyncDisposable
{
    private readonly LabFolder _folder;
    private readonly TextWriter _messages;
    private readonly Action<string> _say;
    private readonly Dictionary<string, LabDevice> _devices = new(StringComparer.Ordinal);
    private readonly List<ServedProcess> _processes = [];
    private readonly List<string> _lost = [];
    private readonly List<Task> _watched = [];
    private volatile bool _ending;

    /// <param name="folder">Where sockets go.</param>
    /// <param name="messages">Gets what the processes say.</param>
    /// <param name="say">Told what happens to them.</param>
    internal ServedDevices(LabFolder folder, TextWriter messages, Action<string> say)
    {
        _folder = folder;
        _messages = messages;
        _say = say;
    }

    /// <summary>Those that ended while guests ran, with what is known of it.</summary>
    internal IReadOnlyList<string> Lost
    {
        get
        {
            lock (_lost)
            {
                return [.. _lost];
            }
        }
    }

    /// <summary>Starts all, and waits until guests can connect.</summary>
    /// <exception cref="LabFailedException">One can't be served.</exception>
    internal async Task StartAsync(IReadOnlyList<LabDevice> devices, CancellationToken cancellation)
    {
        try
        {
            foreach (LabDevice device in devices)
            {
                _devices.Add(device.Name, device);
                ServedProcess process = await ServedProcess.StartAsync(device.Name, Arguments(device), _messages, cancellation);
                _processes.Add(process);
                _watched.Add(WatchAsync(device.Name, process));
                Limit(device);
                _say(device.VirtualFunctions == 0
                    ? $"{device.Name}: served by a process of its own"
                    : $"{device.Name}: served by a process of its own, virtual functions: {device.VirtualFunctions}");
            }
        }
        catch (Exception error) when (error is ServedProcessException or ServedFolderException)
        {
            throw new LabFailedException(error.Message, ExitCodes.BadUsage);
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
            (_, { } number) => Path.Combine(Place(device), string.Create(CultureInfo.InvariantCulture, $"vf{number}.sock")),
        };
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _ending = true;
        foreach (ServedProcess process in _processes)
        {
            await process.DisposeAsync();
        }

        await Task.WhenAll(_watched);
    }

    private async Task WatchAsync(string name, ServedProcess process)
    {
        await process.Exited;
        if (_ending)
        {
            return;
        }

        string loss = string.Create(CultureInfo.InvariantCulture, $"{name}: its process ended (exit status {process.ExitCode})");
        lock (_lost)
        {
            _lost.Add(loss);
        }

        _say(loss);
    }

    private void Limit(LabDevice device)
    {
        foreach (LabLimit limit in device.Limits)
        {
            FunctionChange change = new() { Iops = limit.Iops, Bandwidth = limit.Bandwidth, Burst = limit.Burst };
            ControlReply reply = ControlClient.Ask(Place(device), new ControlRequest { Command = "set", Function = limit.Function, Change = change });
            if (reply.Error is { } refused)
            {
                throw new LabFailedException($"{device.Name}: {refused.Message}", ExitCodes.BadUsage);
            }
        }
    }

    private string Place(LabDevice device) => _folder.Path(device.VirtualFunctions == 0 ? $"{device.Name}.sock" : device.Name);

    private List<string> Arguments(LabDevice device)
    {
        List<string> arguments = ["nvme", "--vfio-user", Place(device), "--id", device.Name];
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
        string path;
        try
        {
            path = _folder.Disk(disk, device.Name);
        }
        catch (BlockOpenException error)
        {
            throw new LabFailedException($"{device.Name}: {error.Message}", ExitCodes.BadUsage);
        }

        if (path.Contains(',', StringComparison.Ordinal))
        {
            throw new LabFailedException($"{device.Name}: {path}: the path of a served device's disk can't hold a comma", ExitCodes.BadUsage);
        }

        string function = disk.Function is { } number ? string.Create(CultureInfo.InvariantCulture, $",vf={number}") : "";
        return $"path={path}{function}{(disk.Shared ? ",shared" : "")}{(disk.ReadOnly ? ",readonly" : "")}{(disk.Direct ? ",direct" : "")}";
    }
}
