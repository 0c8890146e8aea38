using Viaduct.Backends.Block;
using Viaduct.Emulated.Nvme.Sharing;

namespace Viaduct.Emulated.Nvme;

/// <summary>
/// An NVM subsystem: namespaces, a primary controller (the physical function's) and secondary ones (the virtual
/// functions'). What the controllers have in common is decided here, under one lock that is held only for that: each
/// controller's worker hears of what concerns it and follows by itself. Methods are for any thread.
/// </summary>
public sealed class NvmeSubsystem
{
    private readonly Lock _gate = new();
    private readonly ControllerSeat[] _seats;
    private readonly SubsystemNamespace?[] _namespaces;
    private readonly uint[] _incarnations;
    private readonly IBlockBackend[] _disks;
    private readonly FlexibleResources[] _resources;

    /// <param name="options">Checked here.</param>
    /// <exception cref="ArgumentException">No namespace, one outside its disk or over another, one private to several controllers, or a controller that isn't there.</exception>
    public NvmeSubsystem(NvmeSubsystemOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfZero(options.Namespaces.Count, nameof(options));
        if (options.BlockSize is not (512 or 4096))
        {
            throw new ArgumentOutOfRangeException(nameof(options), options.BlockSize, "A logical block has 512 or 4096 bytes");
        }

        ArgumentOutOfRangeException.ThrowIfNegative(options.VirtualFunctions, nameof(options));
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(options.VirtualFunctions, NvmeLimits.Controllers, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.QueuesPerVirtualFunction, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.QueuesPerVirtualFunction, NvmeLimits.IoQueues, nameof(options));
        Options = options;
        Identity = new NvmeIdentity(options.Id);
        _disks = [.. options.Namespaces.Select(each => each.Disk).Distinct()];
        _seats = [.. Enumerable.Range(0, options.VirtualFunctions + 1).Select(id => new ControllerSeat(id))];
        _seats[0].Online = true;
        int capacity = IsShared ? Math.Max(NvmeLimits.ManagedNamespaces, options.Namespaces.Count) : options.Namespaces.Count;
        _namespaces = new SubsystemNamespace?[capacity];
        _incarnations = new uint[capacity];
        for (int i = 0; i < options.Namespaces.Count; i++)
        {
            _namespaces[i] = Make((uint)i + 1, options.Namespaces[i]);
        }

        if (SpaceMap.Overlaps(Existing))
        {
            throw new ArgumentException("Two namespaces lie on the same bytes of a disk", nameof(options));
        }

        int each = options.QueuesPerVirtualFunction + 1;
        _resources = [new FlexibleResources(options.VirtualFunctions, each), new FlexibleResources(options.VirtualFunctions, each)];
        if (options.AutoOnline)
        {
            foreach (ControllerSeat seat in Secondaries)
            {
                SetResources(seat, ResourceKind.Queues, each);
                SetResources(seat, ResourceKind.Interrupts, each);
                seat.Online = true;
            }
        }
    }

    /// <summary>What it was made of.</summary>
    public NvmeSubsystemOptions Options { get; }

    /// <summary>All controllers as they stand, the primary one first.</summary>
    public IReadOnlyList<NvmeControllerInfo> Controllers
    {
        get
        {
            lock (_gate)
            {
                return [.. _seats.Select(seat => new NvmeControllerInfo(
                    seat.Id,
                    seat.Online,
                    seat.Controller is not null,
                    QueuesOf(seat),
                    VectorsOf(seat),
                    [.. Existing.Where(each => each.IsAttached(seat.Id)).Select(each => each.Id)],
                    seat.Limit))];
            }
        }
    }

    internal NvmeIdentity Identity { get; }

    /// <summary>Whether there are several controllers, and with that attachment, reservations and the rest.</summary>
    internal bool IsShared => _seats.Length > 1;

    /// <summary>The largest identifier that a namespace can have (NN).</summary>
    internal int Capacity => _namespaces.Length;

    /// <summary>CNTLIDs go from zero to one less.</summary>
    internal int ControllerCount => _seats.Length;

    private IEnumerable<SubsystemNamespace> Existing => _namespaces.OfType<SubsystemNamespace>();

    private IEnumerable<ControllerSeat> Secondaries => _seats.Skip(1);

    /// <summary>Limits a controller's speed, at once and until it is changed, whatever becomes of its function.</summary>
    /// <param name="controller">0 is the physical function's, n virtual function n's.</param>
    /// <param name="limit">Null for none.</param>
    public void SetLimit(int controller, NvmeRateLimit? limit)
    {
        if (limit is not null)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(limit.OperationsPerSecond, nameof(limit));
            ArgumentOutOfRangeException.ThrowIfNegative(limit.BytesPerSecond, nameof(limit));
            ArgumentOutOfRangeException.ThrowIfLessThan(limit.Burst, TimeSpan.Zero, nameof(limit));
        }

        lock (_gate)
        {
            ControllerSeat seat = Seat(controller);
            seat.Limit = limit;
            seat.Controller?.Wake();
        }
    }

    /// <summary>Takes a virtual function's controller offline, or online with its share of queues and vectors where it has none.</summary>
    /// <param name="controller">1 or more.</param>
    /// <param name="online">Which.</param>
    /// <returns>False when others hold so many queues or vectors that its share isn't there.</returns>
    public bool TrySetOnline(int controller, bool online)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(controller, 1);
        lock (_gate)
        {
            ControllerSeat seat = Seat(controller);
            int share = Options.QueuesPerVirtualFunction + 1;
            if (online
                && ((seat.Queues < 2 && SetResources(seat, ResourceKind.Queues, share) != NvmeStatus.Success)
                    || (seat.Vectors < 1 && SetResources(seat, ResourceKind.Interrupts, share) != NvmeStatus.Success)))
            {
                return false;
            }

            Switch(seat, online, null);
            return true;
        }
    }

    /// <summary>Attaches a namespace to a controller, whose host hears of it.</summary>
    /// <returns>False when there is no such namespace, it is attached there already, or is private and attached elsewhere.</returns>
    public bool TryAttach(uint namespaceId, int controller)
    {
        lock (_gate)
        {
            return Attach(namespaceId, [(ushort)Seat(controller).Id], null) == NvmeStatus.Success;
        }
    }

    /// <summary>Detaches a namespace from a controller, whose host hears of it.</summary>
    /// <returns>False when it isn't attached there.</returns>
    public bool TryDetach(uint namespaceId, int controller)
    {
        lock (_gate)
        {
            return Detach(namespaceId, [(ushort)Seat(controller).Id], null) == NvmeStatus.Success;
        }
    }

    /// <summary>A controller's place.</summary>
    internal ControllerSeat Seat(int controller)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)controller, (uint)_seats.Length, nameof(controller));
        return _seats[controller];
    }

    /// <summary>Whether there is a controller of that identifier.</summary>
    internal bool HasController(int id) => (uint)id < (uint)_seats.Length;

    /// <summary>A namespace that exists, whoever has it; null otherwise.</summary>
    internal SubsystemNamespace? Find(uint id)
    {
        lock (_gate)
        {
            return id - 1 < (uint)_namespaces.Length && _namespaces[id - 1] is { Allocated: true } found ? found : null;
        }
    }

    /// <summary>The namespaces that exist, or (of a controller) those that it has, in the order of their identifiers.</summary>
    internal SubsystemNamespace[] List(int? attachedTo = null)
    {
        lock (_gate)
        {
            return [.. Existing.Where(each => each.Allocated && (attachedTo is not { } id || each.IsAttached(id)))];
        }
    }

    /// <summary>A controller came with its function.</summary>
    internal void Enter(ControllerSeat seat, NvmeController controller)
    {
        lock (_gate)
        {
            seat.Controller = controller;
        }
    }

    /// <summary>A controller went with its function: nothing is posted to it any more. What it held goes back, unless the configuration gave it.</summary>
    internal void Leave(ControllerSeat seat)
    {
        lock (_gate)
        {
            seat.Controller = null;
            Forget(seat);
            if (!seat.IsPrimary && !Options.AutoOnline)
            {
                Switch(seat, online: false, null);
            }
        }
    }

    /// <summary>A controller level reset: a host without an identifier loses its registrations, and the primary controller has what was allocated to it.</summary>
    internal void ControllerReset(ControllerSeat seat)
    {
        lock (_gate)
        {
            Forget(seat);
            if (seat.IsPrimary)
            {
                Resources(ResourceKind.Queues).PrimaryReset();
                Resources(ResourceKind.Interrupts).PrimaryReset();
            }
        }
    }

    /// <summary>Pairs of queues and vectors that a controller can use.</summary>
    internal (int Queues, int Vectors) ResourcesOf(ControllerSeat seat)
    {
        lock (_gate)
        {
            return (QueuesOf(seat), VectorsOf(seat));
        }
    }

    /// <summary>Copies who has what into a Primary Controller Capabilities structure.</summary>
    internal void Read(ResourceKind kind, out int total, out int assigned, out int primary, out int primaryPrivate, out int maximum)
    {
        lock (_gate)
        {
            FlexibleResources resources = Resources(kind);
            total = resources.Total;
            assigned = resources.Assigned;
            primary = resources.Primary;
            primaryPrivate = resources.PrimaryPrivate;
            maximum = resources.SecondaryMaximum;
        }
    }

    /// <summary>A secondary controller as it stands.</summary>
    internal (bool Online, int Queues, int Vectors) ReadSecondary(int controller)
    {
        lock (_gate)
        {
            ControllerSeat seat = Seat(controller);
            return (seat.Online, seat.Queues, seat.Vectors);
        }
    }

    /// <summary>Primary Controller Flexible Allocation (5.22).</summary>
    internal NvmeStatus AllocateToPrimary(int controller, ResourceKind kind, int count)
    {
        lock (_gate)
        {
            return controller != 0 ? NvmeStatus.InvalidControllerIdentifier : Resources(kind).Allocate(count);
        }
    }

    /// <summary>Secondary Assign (5.22).</summary>
    internal NvmeStatus AssignToSecondary(int controller, ResourceKind kind, int count)
    {
        lock (_gate)
        {
            return !IsSecondary(controller) ? NvmeStatus.InvalidControllerIdentifier
                : _seats[controller].Online ? NvmeStatus.InvalidSecondaryState
                : SetResources(_seats[controller], kind, count);
        }
    }

    /// <summary>Secondary Online and Secondary Offline (5.22).</summary>
    /// <param name="controller">CNTLID.</param>
    /// <param name="online">Which.</param>
    /// <param name="rendezvous">Passed when the controller has followed.</param>
    internal NvmeStatus SwitchSecondary(int controller, bool online, Rendezvous rendezvous)
    {
        lock (_gate)
        {
            if (!IsSecondary(controller))
            {
                return NvmeStatus.InvalidControllerIdentifier;
            }

            ControllerSeat seat = _seats[controller];
            if (online && (seat.Queues < 2 || seat.Vectors < 1 || seat.Controller is null))
            {
                return NvmeStatus.InvalidSecondaryState;
            }

            Switch(seat, online, rendezvous);
            return NvmeStatus.Success;
        }
    }

    /// <summary>Namespace Attachment, attach (5.12): to all of the controllers or to none.</summary>
    internal NvmeStatus Attach(uint namespaceId, ReadOnlySpan<ushort> controllers, Rendezvous? rendezvous)
    {
        lock (_gate)
        {
            SubsystemNamespace? target = Find(namespaceId);
            if (target is null)
            {
                return NvmeStatus.InvalidNamespace;
            }

            foreach (ushort controller in controllers)
            {
                if (target.IsAttached(controller))
                {
                    return NvmeStatus.NamespaceAlreadyAttached;
                }
            }

            if (!target.Shared && (controllers.Length > 1 || target.AnyAttached))
            {
                return NvmeStatus.NamespaceIsPrivate;
            }

            SetAttached(target, controllers, true, rendezvous);
            return NvmeStatus.Success;
        }
    }

    /// <summary>Namespace Attachment, detach.</summary>
    internal NvmeStatus Detach(uint namespaceId, ReadOnlySpan<ushort> controllers, Rendezvous? rendezvous)
    {
        lock (_gate)
        {
            SubsystemNamespace? target = Find(namespaceId);
            if (target is null)
            {
                return NvmeStatus.InvalidNamespace;
            }

            foreach (ushort controller in controllers)
            {
                if (!target.IsAttached(controller))
                {
                    return NvmeStatus.NamespaceNotAttached;
                }
            }

            if (target.Formatting)
            {
                return NvmeStatus.FormatInProgress;
            }

            SetAttached(target, controllers, false, rendezvous);
            return NvmeStatus.Success;
        }
    }

    /// <summary>Begins to make a namespace: it has an identifier and a place, and nobody sees it until <see cref="Finish"/>.</summary>
    internal NvmeStatus Create(ulong length, int blockSize, bool shared, out SubsystemNamespace? made)
    {
        lock (_gate)
        {
            made = null;
            int free = Array.IndexOf(_namespaces, null);
            if (free < 0)
            {
                return NvmeStatus.NamespaceIdentifierUnavailable;
            }

            ulong rounded = (length + SpaceMap.Alignment - 1) / SpaceMap.Alignment * SpaceMap.Alignment;
            if (rounded < length || !SpaceMap.TryPlace(_disks, Existing, rounded, out IBlockBackend disk, out ulong offset))
            {
                return NvmeStatus.InsufficientCapacity;
            }

            NvmeNamespaceOptions options = new() { Disk = disk, Offset = offset, Length = length, Shared = shared, Controllers = [] };
            made = new SubsystemNamespace((uint)free + 1, options, blockSize, Identity, ++_incarnations[free], Notify) { Allocated = false };
            _namespaces[free] = made;
            return NvmeStatus.Success;
        }
    }

    /// <summary>Ends the making of a namespace.</summary>
    /// <param name="made">What <see cref="Create"/> made.</param>
    /// <param name="well">False to give its place back.</param>
    internal void Finish(SubsystemNamespace made, bool well)
    {
        lock (_gate)
        {
            made.Allocated = well;
            if (!well)
            {
                _namespaces[made.Id - 1] = null;
            }
        }
    }

    /// <summary>Begins to delete a namespace: nobody has it any more. Its bytes are free after <see cref="Finish"/>, which is for when the rendezvous is passed.</summary>
    internal void Delete(SubsystemNamespace target, Rendezvous rendezvous)
    {
        lock (_gate)
        {
            ushort[] all = [.. _seats.Where(seat => target.IsAttached(seat.Id)).Select(seat => (ushort)seat.Id)];
            SetAttached(target, all, false, rendezvous);
            target.Allocated = false;
        }
    }

    /// <summary>Tells the other controllers that have a namespace that it looks different.</summary>
    internal void Announce(SubsystemNamespace target, ControllerSeat but)
    {
        lock (_gate)
        {
            foreach (ControllerSeat seat in _seats)
            {
                if (seat != but && target.IsAttached(seat.Id))
                {
                    Post(seat, new ControllerNotice(NoticeKind.NamespaceChanged, target));
                }
            }
        }
    }

    /// <summary>Does something with a namespace's reservations, under the lock that orders them.</summary>
    internal NvmeStatus Reserve(SubsystemNamespace target, Func<Reservations, NvmeStatus> action)
    {
        lock (_gate)
        {
            return action(target.Reservations);
        }
    }

    /// <summary>Makes the commands of hosts that lost their registration end, on all their controllers.</summary>
    internal void Drain(SubsystemNamespace target, IReadOnlyList<HostIdentity> hosts, Rendezvous rendezvous)
    {
        lock (_gate)
        {
            foreach (ControllerSeat seat in _seats)
            {
                if (target.IsAttached(seat.Id) && hosts.Contains(seat.Host))
                {
                    Post(seat, new ControllerNotice(NoticeKind.Drain, target, rendezvous));
                }
            }
        }
    }

    /// <summary>The controllers of a host. Under the lock of <see cref="Reserve"/>.</summary>
    internal IEnumerable<int> ControllersOf(HostIdentity host) => _seats.Where(seat => seat.Host == host).Select(seat => seat.Id);

    /// <summary>Bytes that belong to no namespace, and bytes there are.</summary>
    internal (ulong Free, ulong Total) Space()
    {
        lock (_gate)
        {
            return (SpaceMap.Free(_disks, Existing), SpaceMap.Total(_disks));
        }
    }

    private static void Post(ControllerSeat seat, ControllerNotice notice)
    {
        if (seat.Controller is { } controller)
        {
            notice.Rendezvous?.Expect();
            controller.Post(notice);
        }
    }

    private FlexibleResources Resources(ResourceKind kind) => _resources[(int)kind];

    private bool IsSecondary(int controller) => controller > 0 && controller < _seats.Length;

    private int QueuesOf(ControllerSeat seat) =>
        seat.IsPrimary ? Resources(ResourceKind.Queues).PrimaryPrivate + Resources(ResourceKind.Queues).Primary : seat.Queues;

    private int VectorsOf(ControllerSeat seat) =>
        seat.IsPrimary ? Resources(ResourceKind.Interrupts).PrimaryPrivate + Resources(ResourceKind.Interrupts).Primary : seat.Vectors;

    private NvmeStatus SetResources(ControllerSeat seat, ResourceKind kind, int count)
    {
        NvmeStatus status = Resources(kind).Assign(kind == ResourceKind.Queues ? seat.Queues : seat.Vectors, count);
        if (status == NvmeStatus.Success && kind == ResourceKind.Queues)
        {
            seat.Queues = count;
        }
        else if (status == NvmeStatus.Success)
        {
            seat.Vectors = count;
        }

        return status;
    }

    private void Switch(ControllerSeat seat, bool online, Rendezvous? rendezvous)
    {
        if (!online)
        {
            SetResources(seat, ResourceKind.Queues, 0);
            SetResources(seat, ResourceKind.Interrupts, 0);
        }

        if (seat.Online != online)
        {
            seat.Online = online;
            Post(seat, new ControllerNotice(NoticeKind.Reset, Rendezvous: rendezvous));
        }
    }

    private void Forget(ControllerSeat seat)
    {
        seat.Host = HostIdentity.Anonymous(seat.Id);
        foreach (SubsystemNamespace each in Existing)
        {
            each.Reservations.Forget(seat.Host);
        }
    }

    private void SetAttached(SubsystemNamespace target, ReadOnlySpan<ushort> controllers, bool attached, Rendezvous? rendezvous)
    {
        foreach (ushort controller in controllers)
        {
            target.SetAttached(controller, attached);
            Post(_seats[controller], new ControllerNotice(NoticeKind.NamespaceChanged, target, rendezvous));
        }
    }

    private void Notify(SubsystemNamespace target, HostIdentity host, ReservationNotice notice)
    {
        foreach (ControllerSeat seat in _seats)
        {
            if (seat.Host == host && target.IsAttached(seat.Id))
            {
                Post(seat, new ControllerNotice(NoticeKind.Reservation, target, Reservation: notice));
            }
        }
    }

    private SubsystemNamespace Make(uint id, NvmeNamespaceOptions options)
    {
        bool fits = options.Offset % SpaceMap.Alignment == 0
            && (options.Length ?? SpaceMap.Alignment) % SpaceMap.Alignment == 0
            && options.Offset <= options.Disk.Length
            && (options.Length is not { } length || (length != 0 && length <= options.Disk.Length - options.Offset));
        if (!fits)
        {
            throw new ArgumentException($"Namespace {id} isn't a whole number of 4096-byte blocks inside its disk");
        }

        if (!options.Shared && options.Controllers.Count > 1)
        {
            throw new ArgumentException($"Namespace {id} is private: only one controller can have it");
        }

        SubsystemNamespace made = new(id, options, Options.BlockSize, Identity, 0, Notify);
        foreach (int controller in options.Controllers)
        {
            made.SetAttached(Seat(controller).Id, true);
        }

        return made;
    }
}
