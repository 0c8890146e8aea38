using Viaduct.Backends.Block;
using Viaduct.Emulated.Nvme.Admin;
using Viaduct.Emulated.Nvme.Data;
using Viaduct.Emulated.Nvme.Io;
using Viaduct.Emulated.Nvme.Logs;
using Viaduct.Emulated.Nvme.Queues;
using Viaduct.Emulated.Nvme.Sharing;
using Viaduct.Platform.Accounting;
using Viaduct.Platform.AddressSpaces;
using Viaduct.Platform.Dma;
using Viaduct.Platform.Pci;
using Viaduct.Platform.Workers;

namespace Viaduct.Emulated.Nvme;

/// <summary>
/// The NVMe controller without its bus: the work of its thread, which owns queues, commands and namespaces. Register
/// writes only leave a note and wake it, so that a vCPU never waits for a disk; but for a function reset, which returns
/// when nothing of before is under way any more.
/// </summary>
internal sealed class NvmeController : IWork, IDmaPause, IDisposable
{
    private const int ReapBatch = 64;

    private readonly NvmeSubsystem _subsystem;
    private readonly ControllerSeat _seat;
    private readonly DmaTarget _dma;
    private readonly IEventLog _log;
    private readonly string _name;
    private readonly NvmeRegisters _registers;
    private readonly NvmeDoorbells _doorbells;
    private readonly ShadowDoorbells _shadow;
    private readonly QueueTable _queues;
    private readonly CommandSlots _slots = new();
    private readonly NamespaceTable _namespaces;
    private readonly DiskQueues _disks;
    private readonly SubsystemLink _link;
    private readonly WaitingCommands _waiting;
    private readonly RateLimiter _limiter;
    private readonly NamespaceCommands? _management;
    private readonly InterruptPort _interrupts;
    private readonly TransferMap _map;
    private readonly BackendRequests _backend;
    private readonly WorkBuffers _buffers = new();
    private readonly BufferedCommands _buffered;
    private readonly CompletionPath _completions;
    private readonly InterruptCoalescing _coalescing;
    private readonly SmartCounters _smart;
    private readonly ChangedNamespaces _changed = new();
    private readonly IoCommands _io;
    private readonly AsyncEvents _events;
    private readonly FeatureValues _features;
    private readonly QueueCommands _queueCommands;
    private readonly AdminCommands _admin;
    private readonly CommandFetch _fetch;
    private readonly DeviceCounters _counters;
    private readonly BlockCompletion[] _reaped = new BlockCompletion[ReapBatch];
    private readonly object _resetGate = new();
    private readonly DeviceWorker? _worker;
    private volatile DoorbellWatch? _watch;
    private long _resetsDone;
    private ControllerState _state;
    private volatile bool _pausing;
    private bool _paused;
    private bool _disposed;

    /// <param name="subsystem">What it is a controller of.</param>
    /// <param name="seat">Its place there.</param>
    /// <param name="name">The device's id, for people.</param>
    /// <param name="dma">The way to memory.</param>
    /// <param name="interrupts">The way to the host's attention.</param>
    /// <param name="counters">What it costs.</param>
    /// <param name="log">Where it says what went wrong.</param>
    /// <param name="ownThread">False for a test that does the work itself.</param>
    internal NvmeController(
        NvmeSubsystem subsystem,
        ControllerSeat seat,
        string name,
        DmaTarget dma,
        InterruptPort interrupts,
        DeviceCounters counters,
        IEventLog log,
        bool ownThread = true)
    {
        TimeProvider time = subsystem.Options.Time;
        bool manages = subsystem.IsShared && seat.IsPrimary;
        _subsystem = subsystem;
        _seat = seat;
        _dma = dma;
        _log = log;
        _name = name;
        _counters = counters;
        _interrupts = interrupts;
        _disks = new DiskQueues(name, counters, log);
        _registers = new NvmeRegisters(Wake);
        _doorbells = new NvmeDoorbells(counters, Wake);
        _shadow = new ShadowDoorbells(dma);
        _queues = new QueueTable(dma, _doorbells);
        _map = new TransferMap(dma);
        _backend = new BackendRequests(_slots);
        _namespaces = new NamespaceTable(subsystem.Capacity);
        _limiter = new RateLimiter(time, WakeIfOpen);

        ErrorLog errors = new();
        ReservationLog reservationLog = new();
        _features = new FeatureValues(time);
        _coalescing = new InterruptCoalescing(time, _features, WakeIfOpen);
        _smart = new SmartCounters(time);
        _completions = new CompletionPath(_slots, _queues, _doorbells, _shadow, interrupts, _registers, errors, _coalescing, counters);
        _waiting = new WaitingCommands(_completions, WakeIfOpen);
        _buffered = new BufferedCommands(seat, _slots, _map, _backend, _buffers);
        _management = manages ? new NamespaceCommands(subsystem, seat, _slots, _map, _backend, _disks, _waiting, Wake) : null;
        FormatCommand format = new(subsystem, seat, _slots, _namespaces, _backend);
        ReservationCommands? reservations = subsystem.IsShared ? new ReservationCommands(subsystem, seat, _map, _waiting, _smart.End) : null;
        _io = new IoCommands(_slots, _namespaces, _map, _backend, _completions, _smart, _buffered, format, seat, _limiter, reservations, _management);
        _events = new AsyncEvents(_slots, _completions);
        _queueCommands = new QueueCommands(_queues, interrupts, _shadow);
        _admin = new AdminCommands(
            _completions,
            _io,
            _queueCommands,
            new IdentifyCommand(subsystem, seat, _namespaces, _map, _doorbells),
            new FeatureCommands(_features, _map, _queues, interrupts, _io, _events, seat, _namespaces, subsystem.IsShared),
            new LogCommands(_map, errors, _smart, _changed, reservationLog, _features, _events, opcode => AdminCommands.Supports(opcode, manages), subsystem.IsShared),
            _events,
            format,
            _doorbells,
            _management,
            manages ? new VirtualizationCommand(subsystem, _waiting) : null);
        _fetch = new CommandFetch(_slots, _queues, _doorbells, _shadow, _registers, _admin, _io, seat, _limiter, counters);
        _completions.InvalidHead += () => _events.Raise(AsyncEvent.InvalidDoorbellValue);
        _link = new SubsystemLink(seat, _namespaces, _disks, _slots, _changed, reservationLog, _features, _events, Wake);
        subsystem.Enter(seat, this);
        foreach (SubsystemNamespace each in subsystem.List(seat.Id))
        {
            _link.Follow(each);
        }

        FinishReset();
        _worker = ownThread ? new DeviceWorker($"io-{name}", this, counters) : null;
    }

    /// <summary>Told how many vectors the controller has, when that may have changed: at each reset. Worker, or the constructor's thread.</summary>
    internal event Action<int>? VectorsAssigned;

    /// <summary>Its place in the subsystem.</summary>
    internal ControllerSeat Seat => _seat;

    /// <summary>The register page.</summary>
    internal IAccessHandler Registers => _registers;

    /// <summary>The doorbell page.</summary>
    internal NvmeDoorbells Doorbells => _doorbells;

    /// <inheritdoc/>
    public bool DoWork()
    {
        if (_pausing)
        {
            return Quiesce();
        }

        bool worked = Control();
        worked |= Reap();
        if (_state == ControllerState.Running)
        {
            worked |= Serve();
            FollowBell();
        }
        else if (_state == ControllerState.ShuttingDown)
        {
            worked |= _completions.Advance();
        }

        worked |= Settle();
        _link.CheckFences();
        worked |= _waiting.Advance();
        if (_state is ControllerState.Running or ControllerState.ShuttingDown)
        {
            _completions.Notify();
        }

        worked = worked || (_state == ControllerState.Running && _dma.Granted && _fetch.ArmShadow());
        if (worked)
        {
            _watch?.Worked();
        }

        return worked;
    }

    /// <inheritdoc/>
    public void Sleep()
    {
        TimeSpan pause = _watch?.Pause() ?? Timeout.InfiniteTimeSpan;
        if (pause != TimeSpan.Zero)
        {
            _disks.Wait(pause);
        }
    }

    /// <inheritdoc/>
    public void Wake() => _disks.Wake();

    /// <summary>Has the worker watch the doorbells where its function's host shows them to the guest as memory.</summary>
    internal void Watch(DoorbellPage page)
    {
        _doorbells.Page = page;
        _watch = new DoorbellWatch(page, TimeProvider.System);
    }

    /// <summary>Takes the subsystem's word. Any thread.</summary>
    internal void Post(in ControllerNotice notice) => _link.Post(in notice);

    /// <summary>Function reset: the state after power-on. Returns when no DMA of before is under way any more. Not for the worker.</summary>
    internal void Reset()
    {
        long ticket = _registers.RequestFunctionReset();
        lock (_resetGate)
        {
            while (_resetsDone < ticket && !_disposed)
            {
                Monitor.Wait(_resetGate);
            }
        }
    }

    /// <inheritdoc/>
    public void Pause()
    {
        _pausing = true;
        Wake();
        lock (_resetGate)
        {
            while (!_paused && !_disposed)
            {
                Monitor.Wait(_resetGate);
            }
        }
    }

    /// <inheritdoc/>
    public void Resume()
    {
        lock (_resetGate)
        {
            _pausing = false;
            _paused = false;
        }

        Wake();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        if (_worker is not null)
        {
            Reset();
            _worker.Dispose();
        }

        lock (_resetGate)
        {
            _disposed = true;
            Monitor.PulseAll(_resetGate);
        }

        _coalescing.Dispose();
        _subsystem.Leave(_seat);
        _link.Close();
        _limiter.Dispose();
        _namespaces.Dispose();
        _disks.Dispose();
        _buffers.Dispose();
        _doorbells.Dispose();
    }

    /// <summary>Wakes the worker for somebody who may come after its end: a timer, another controller.</summary>
    private void WakeIfOpen()
    {
        lock (_resetGate)
        {
            if (!_disposed)
            {
                Wake();
            }
        }
    }

    /// <summary>Does what register writes asked for.</summary>
    private bool Control()
    {
        bool noticed = _link.TakeNotices(out bool reset);
        if (reset)
        {
            _registers.RequestFunctionReset();
        }

        ControlRequests requests = _registers.TakeRequests();
        if (requests == ControlRequests.None)
        {
            return noticed;
        }

        if ((requests & ControlRequests.Reset) != 0)
        {
            _state = ControllerState.Resetting;
        }

        if (_state != ControllerState.Resetting)
        {
            FollowConfiguration();
        }

        return true;
    }

    private void FollowConfiguration()
    {
        ControllerConfiguration configuration = _registers.ReadConfiguration(out AdminQueueSetup setup);
        if (configuration.Enabled && _state == ControllerState.Disabled)
        {
            Enable(configuration, in setup);
        }

        if (!configuration.ShuttingDown)
        {
            return;
        }

        if (_state == ControllerState.Running)
        {
            _state = ControllerState.ShuttingDown;
            _registers.SetShutdown(complete: false);
        }
        else if (_state == ControllerState.Disabled)
        {
            _registers.SetShutdown(complete: true);
        }
    }

    private void Enable(ControllerConfiguration configuration, in AdminQueueSetup setup)
    {
        ulong pageMask = (1UL << configuration.PageShift) - 1;
        if (!configuration.Supported
            || setup.SubmissionEntries < 2
            || setup.CompletionEntries < 2
            || ((setup.SubmissionBase | setup.CompletionBase) & pageMask) != 0)
        {
            _registers.SetFailed();
            _state = ControllerState.Failed;
            _log.Warn(_name, $"the guest enabled the controller with impossible settings: CC {configuration.Value:x8}, AQA {setup.Attributes:x8}, ASQ {setup.SubmissionBase:x}, ACQ {setup.CompletionBase:x}");
            return;
        }

        _map.PageShift = configuration.PageShift;
        _queueCommands.Configuration = configuration;
        CompletionQueue completion = _queues.AddCompletion(0, setup.CompletionBase, setup.CompletionEntries, vector: 0, interrupts: true);
        _queues.AddSubmission(0, setup.SubmissionBase, setup.SubmissionEntries, completion);
        _state = ControllerState.Running;
        _registers.SetReady();
    }

    /// <summary>Takes what is under way to its end, and begins nothing.</summary>
    private bool Quiesce()
    {
        bool worked = Reap();
        if (_backend.InFlight == 0)
        {
            lock (_resetGate)
            {
                _paused = _pausing;
                Monitor.PulseAll(_resetGate);
            }
        }

        return worked;
    }

    /// <summary>Takes what the disks have finished.</summary>
    private bool Reap()
    {
        bool worked = false;
        foreach (IBlockQueue queue in _disks.All)
        {
            int count = queue.Reap(_reaped);
            for (int i = 0; i < count; i++)
            {
                Returned(_reaped[i]);
            }

            worked |= count != 0;
        }

        if (_disks.TakeRings() is var rings and not 0)
        {
            _counters.Doorbells(rings);
        }

        return worked;
    }

    /// <summary>While I/O queues' positions lie in shadows, a doorbell says no more than that there is something.</summary>
    private void FollowBell()
    {
        _doorbells.Bell = _shadow.Enabled ? _disks.Bell : null;
        _doorbells.FollowSignals();
    }

    private void Returned(BlockCompletion completion)
    {
        _backend.Returned();
        if (completion.Token == BackendRequests.OwnToken)
        {
            _counters.BackendOperation(0);
            return;
        }

        int index = (int)completion.Token;
        ref CommandSlot slot = ref _slots[index];
        bool transfers = slot.Kind is CommandKind.Read or CommandKind.Write or CommandKind.Compare;
        _counters.BackendOperation(transfers ? (ulong)slot.Length : 0);
        if (_state is ControllerState.Running or ControllerState.ShuttingDown)
        {
            _io.Continue(index, completion.Error);
        }
    }

    /// <summary>Events, completions that wait for room, new commands.</summary>
    private bool Serve()
    {
        bool worked = false;
        DoorbellErrors errors = _doorbells.TakeErrors();
        if ((errors & DoorbellErrors.InvalidRegister) != 0)
        {
            _events.Raise(AsyncEvent.InvalidDoorbellRegister);
            worked = true;
        }

        if ((errors & DoorbellErrors.InvalidValue) != 0)
        {
            _events.Raise(AsyncEvent.InvalidDoorbellValue);
            worked = true;
        }

        UpdateSizes();
        worked |= _completions.Advance();
        // Without Bus Master Enable it waits for better times; the host rings again when it has given it back.
        return (_dma.Granted && _fetch.Fetch()) || worked;
    }

    private void UpdateSizes()
    {
        foreach (NvmeNamespace each in _namespaces.All)
        {
            if (each.TryUpdateLength())
            {
                _changed.Add(each.Id);
                if ((_features.EventConfiguration & EventConfiguration.NamespaceAttributes) != 0)
                {
                    _events.Raise(AsyncEvent.NamespaceAttributeChanged);
                }
            }
        }
    }

    /// <summary>Takes the steps between states that need nothing under way, or follow from a failure.</summary>
    private bool Settle()
    {
        if (_registers.Failed && _state is not (ControllerState.Failed or ControllerState.Resetting))
        {
            _log.Warn(_name, _dma.Granted
                ? "the guest's queues are not memory; the controller stopped (CSTS.CFS)"
                : "the guest took bus mastering away while commands were under way; the controller stopped (CSTS.CFS)");
            _state = ControllerState.Failed;
            return true;
        }

        if (_backend.InFlight != 0)
        {
            return false;
        }

        switch (_state)
        {
            case ControllerState.Resetting:
                FinishReset();
                return true;
            case ControllerState.ShuttingDown:
                foreach (IBlockQueue queue in _disks.All)
                {
                    _backend.SubmitOwnFlush(queue);
                }

                _state = ControllerState.Flushing;
                return true;
            case ControllerState.Flushing:
                _state = ControllerState.ShutDown;
                _registers.SetShutdown(complete: true);
                return true;
            default:
                return false;
        }
    }

    private void FinishReset()
    {
        AbandonNamespaces();
        _subsystem.ControllerReset(_seat);
        (int queues, int vectors) = _subsystem.ResourcesOf(_seat);
        _queues.Limit = Math.Clamp(queues - 1, 1, NvmeLimits.IoQueues);
        _interrupts.Limit = Math.Max(vectors, 1);
        _queues.Clear();
        _shadow.Disable();
        FollowBell();
        _doorbells.TakeErrors();
        _events.Clear();
        _waiting.Clear();
        _buffered.Clear();
        _slots.Clear();
        _smart.EndAll();
        _features.Reset();
        _io.WriteCache = _features.WriteCache;
        _completions.Clear();
        _changed.Clear();
        VectorsAssigned?.Invoke(_interrupts.Limit);

        // Offline, it says that it failed, and nothing but a reset after it came online leads out (8.5.3).
        bool offline = !_seat.Online;
        _state = offline ? ControllerState.Failed : ControllerState.Disabled;
        long ticket = _registers.FinishReset(offline);
        _link.ArriveEverywhere();
        lock (_resetGate)
        {
            _resetsDone = ticket;
            Monitor.PulseAll(_resetGate);
        }

        // EN may have been set again while the reset went on.
        FollowConfiguration();
    }

    /// <summary>What commands on namespaces leave behind when a reset cuts them off.</summary>
    private void AbandonNamespaces()
    {
        for (int index = 0; index < _slots.Count; index++)
        {
            if (_slots[index].Kind == CommandKind.Create)
            {
                _management!.End(index, well: false);
            }
        }

        foreach (SubsystemNamespace each in _subsystem.List())
        {
            each.EndFormat(_seat);
        }

        foreach (NvmeNamespace each in _namespaces.All)
        {
            each.NotificationMask = 0;
            each.TryUpdateLength();
        }
    }
}
