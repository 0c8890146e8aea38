using Viaduct.Assigned;
using Viaduct.Assigned.Registry;
using Viaduct.Assigned.VfioUser.Server;
using Viaduct.Emulated.Nvme;
using Viaduct.Platform.Accounting;
using Viaduct.Platform.Dma;
using Viaduct.Platform.Host;
using Viaduct.Platform.Pci;
using Viaduct.Sriov.Control;

namespace Viaduct.Sriov;

/// <summary>
/// One NVMe controller for guests of several processes: its physical function and each virtual one on a vfio-user
/// socket of its own, and a socket at which it is asked who holds what, and told which virtual functions there are to
/// be. Who dies frees what it held; nothing that happens to one function touches another. Methods are for any thread.
/// </summary>
public sealed class ServedController : IVirtualFunctionHost, IDisposable
{
    private readonly Lock _gate = new();
    private readonly IEventLog _log;
    private readonly ServedFolder _folder;
    private readonly DeviceCounters _counters;
    private readonly NvmeDevice _device;
    private readonly ServedMemory?[] _memories;
    private readonly ServedFunction?[] _functions;
    private readonly long[] _pastClients;
    private readonly ServedFunction _physical;
    private readonly ControlServer _control;
    private readonly DeviceClaim? _claim;
    private bool _disposed;

    /// <summary>Begins to serve, with all virtual functions there can be.</summary>
    /// <param name="options">Namespaces, and how many virtual functions there can be: 1 or more. Their disks stay the caller's, open until after this.</param>
    /// <param name="folder">Where the sockets go; it is made where there is none.</param>
    /// <param name="log">Where it says who came and went, and what was wrong.</param>
    /// <param name="registry">Where it can be found, with the host's own devices; null to be nowhere.</param>
    /// <exception cref="ServedFolderException">Another process serves there.</exception>
    /// <exception cref="HostException">A socket can't be made.</exception>
    public ServedController(NvmeSubsystemOptions options, string folder, IEventLog log, DeviceRegistry? registry = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.VirtualFunctions, 1, nameof(options));
        _log = log;
        _memories = new ServedMemory?[options.VirtualFunctions];
        _functions = new ServedFunction?[options.VirtualFunctions];
        _pastClients = new long[options.VirtualFunctions];
        _counters = new DeviceCounters(options.Id, Road.Shared);
        ServedMemory memory = new();
        NvmeSubsystem subsystem = new(options with { AutoOnline = true });
        _folder = ServedFolder.Take(folder);
        NvmeDevice? device = null;
        ServedFunction? physical = null;
        try
        {
            _device = device = NvmeDevice.Create(subsystem, memory.NewTarget(_counters), _counters, log);
            device.Function.VirtualFunctionHost = this;
            device.Function.Sriov!.TakeOver();
            for (int i = 0; i < Total; i++)
            {
                Add(i);
            }

            _physical = physical = new ServedFunction(
                _folder.Physical, device.Function, memory, log, remedy: () => $"end that guest, or take a virtual function: viaduct sriov list {Folder}");
            _control = new ControlServer(_folder.Control, new ControlCommands(this), log);
            _claim = Register(registry);
        }
        catch
        {
            physical?.Dispose();
            End(device);
            throw;
        }
    }

    /// <summary>The device's id.</summary>
    public string Id => _counters.Device;

    /// <summary>Where its sockets are.</summary>
    public string Folder => _folder.Path;

    /// <summary>How many virtual functions there can be.</summary>
    public int Total => _functions.Length;

    /// <summary>What all functions did so far, those that have gone among them; guests that had one, too.</summary>
    public (DeviceCounts Counts, long Clients) Totals
    {
        get
        {
            lock (_gate)
            {
                DeviceCounts counts = _counters.Read();
                long clients = _physical.Clients;
                for (int i = 0; i < Total; i++)
                {
                    counts += _device.Function.Sriov!.CountersOf(i).Read();
                    clients += _pastClients[i] + (_functions[i]?.Clients ?? 0);
                }

                return (counts, clients);
            }
        }
    }

    /// <summary>The physical function, and the virtual ones that are there, with their holders.</summary>
    public IReadOnlyList<FunctionState> Functions
    {
        get
        {
            lock (_gate)
            {
                IReadOnlyList<NvmeControllerInfo> controllers = _device.Subsystem.Controllers;
                List<FunctionState> states = [FunctionState.Of(controllers[0], _physical, _physical.Clients, _counters.Read())];
                for (int i = 0; i < Total; i++)
                {
                    if (_functions[i] is { } function)
                    {
                        states.Add(FunctionState.Of(controllers[i + 1], function, _pastClients[i] + function.Clients, function.Counts));
                    }
                }

                return states;
            }
        }
    }

    /// <summary>Makes virtual functions, the lowest numbers that are free: all of them, or none.</summary>
    /// <param name="count">1 or more.</param>
    /// <returns>Why not; null when they are there.</returns>
    public ControlError? Create(int count)
    {
        lock (_gate)
        {
            int[] free = [.. Enumerable.Range(0, Total).Where(index => _functions[index] is null)];
            if (_disposed || count < 1 || count > free.Length)
            {
                return _disposed ? Ending
                    : count < 1 ? ControlError.Invalid($"{count} is no number of virtual functions to create")
                    : ControlError.Invalid($"{count} more virtual functions can't be created: {Id} has {Total - free.Length} of at most {Total}");
            }

            int made = 0;
            try
            {
                for (; made < count; made++)
                {
                    Add(free[made]);
                }

                return null;
            }
            catch (HostException error)
            {
                while (--made >= 0)
                {
                    _ = TryRemove(free[made], force: true);
                }

                return new ControlError(ControlErrorKind.Failed, error.Message);
            }
        }
    }

    /// <summary>Takes virtual functions away: none of them, where one isn't there or is held.</summary>
    /// <param name="numbers">From 1.</param>
    /// <param name="force">Whether to take them from those who hold them.</param>
    /// <returns>Why not; null when they are gone.</returns>
    public ControlError? Remove(IReadOnlyCollection<int> numbers, bool force)
    {
        lock (_gate)
        {
            foreach (int number in numbers)
            {
                if (Check(number) is { } error)
                {
                    return error;
                }

                if (!force && _functions[number - 1]!.Holder is { } holder)
                {
                    return Held(number, holder);
                }
            }

            foreach (int number in numbers.Distinct())
            {
                ServedFunction function = _functions[number - 1]!;
                if (!TryRemove(number - 1, force))
                {
                    // Somebody took it just now.
                    return Held(number, function.Holder);
                }
            }

            return null;
        }
    }

    /// <summary>Takes all virtual functions away: none of them, where one is held.</summary>
    /// <param name="force">Whether to take them from those who hold them.</param>
    /// <returns>Why not; null when they are gone.</returns>
    public ControlError? RemoveAll(bool force)
    {
        lock (_gate)
        {
            return Remove([.. Enumerable.Range(1, Total).Where(number => _functions[number - 1] is not null)], force);
        }
    }

    /// <summary>Limits a function's speed, takes it off line or on line; what isn't given stays.</summary>
    /// <param name="number">0 for the physical function, else a virtual one's number, from 1.</param>
    /// <param name="change">What is to be.</param>
    /// <returns>Why not; null when it is so.</returns>
    public ControlError? Set(int number, FunctionChange change)
    {
        lock (_gate)
        {
            if (number != 0 && Check(number) is { } error)
            {
                return error;
            }

            if (change.Problem() is { } problem)
            {
                return ControlError.Invalid(problem);
            }

            if (number == 0 && change.Online is not null)
            {
                return ControlError.Invalid("the physical function's controller is always on line");
            }

            if (change.Online is { } online && !_device.Subsystem.TrySetOnline(number, online))
            {
                return new ControlError(
                    ControlErrorKind.Failed,
                    $"vf{number} can't go on line: the driver of the physical function gave its queues or vectors to others; there 'nvme virt-mgmt' takes them back");
            }

            if (change.Limits)
            {
                _device.Subsystem.SetLimit(number, change.Apply(_device.Subsystem.Controllers[number].Limit));
            }

            return null;
        }
    }

    /// <summary>Takes all functions from who holds them, ends, and removes the sockets.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_disposed)
            {
                return;
            }

            _disposed = true;
        }

        _claim?.Dispose();
        _control.Dispose();
        _physical.Dispose();
        lock (_gate)
        {
            End(_device);
        }
    }

    DmaTarget IVirtualFunctionHost.NewDmaTarget(int index, DeviceCounters counters)
    {
        ServedMemory memory = new();
        _memories[index] = memory;
        return memory.NewTarget(counters);
    }

    void IVirtualFunctionHost.Added(int index, PciFunction function)
    {
        // It is served once the call that made it has returned, where a failure can be told.
    }

    void IVirtualFunctionHost.Removing(int index, PciFunction function)
    {
        _functions[index]?.Dispose();
        _pastClients[index] += _functions[index]?.Clients ?? 0;
        _functions[index] = null;
        _memories[index] = null;
    }

    private ControlError Ending => new(ControlErrorKind.Failed, $"{Id} is about to end");

    // Only for others to find it: the folder's own lock is what makes it one process's.
    private DeviceClaim? Register(DeviceRegistry? registry)
    {
        try
        {
            return registry?.Claim(Folder, $"viaduct serve, {Id}");
        }
        catch (Exception error) when (error is HostException or AssignedDeviceException)
        {
            _log.Warn(Id, $"'viaduct sriov list' won't find it without its folder: {error.Message}");
            return null;
        }
    }

    private void Add(int index)
    {
        SriovCapability capability = _device.Function.Sriov!;
        if (!capability.TryAdd(index))
        {
            throw new InvalidOperationException($"{Id}: virtual function {index + 1} is there already");
        }

        try
        {
            _functions[index] = new ServedFunction(
                _folder.Virtual(index + 1),
                capability.Find(index)!,
                _memories[index]!,
                _log,
                isShared: true,
                () => $"end that guest, or take another function: viaduct sriov list {Folder}");
        }
        catch
        {
            _ = capability.TryRemove(index);
            throw;
        }
    }

    private bool TryRemove(int index, bool force) =>
        (force || _functions[index]!.TryEnd()) && _device.Function.Sriov!.TryRemove(index);

    private void End(NvmeDevice? device)
    {
        for (int i = 0; device is not null && i < Total; i++)
        {
            _ = device.Function.Sriov!.TryRemove(i);
        }

        device?.Dispose();
        _folder.Dispose();
    }

    private ControlError? Check(int number) =>
        _disposed ? Ending
        : number < 1 || number > Total ? ControlError.Missing($"{Id} has no virtual function {number}: they go from 1 to {Total}")
        : _functions[number - 1] is null ? ControlError.Missing($"vf{number} isn't there: create it with viaduct sriov create {Folder}")
        : null;

    private ControlError Held(int number, DeviceHolder? holder) => new(
        ControlErrorKind.Held,
        $"vf{number} is held by {holder?.ToString() ?? "a guest"}: end that guest, or take the function out of it while it runs: viaduct sriov remove {Folder} {number} --force");
}
