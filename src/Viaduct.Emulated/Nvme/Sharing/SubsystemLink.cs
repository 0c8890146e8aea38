using Viaduct.Emulated.Nvme.Admin;
using Viaduct.Emulated.Nvme.Io;
using Viaduct.Emulated.Nvme.Logs;

namespace Viaduct.Emulated.Nvme.Sharing;

/// <summary>A controller's end of its subsystem: takes what others post, follows in its own table of namespaces, and says when its commands of before are over. Worker only, but for <see cref="Post"/>.</summary>
internal sealed class SubsystemLink
{
    private readonly Lock _lock = new();
    private readonly ControllerSeat _seat;
    private readonly NamespaceTable _namespaces;
    private readonly DiskQueues _disks;
    private readonly CommandSlots _slots;
    private readonly ChangedNamespaces _changed;
    private readonly ReservationLog _reservations;
    private readonly FeatureValues _features;
    private readonly AsyncEvents _events;
    private readonly Action _wake;
    private readonly List<Fence> _fences = [];
    private readonly List<Rendezvous> _resets = [];
    private List<ControllerNotice> _inbox = [];
    private List<ControllerNotice> _taken = [];
    private volatile bool _posted;

    internal SubsystemLink(
        ControllerSeat seat,
        NamespaceTable namespaces,
        DiskQueues disks,
        CommandSlots slots,
        ChangedNamespaces changed,
        ReservationLog reservations,
        FeatureValues features,
        AsyncEvents events,
        Action wake)
    {
        _seat = seat;
        _namespaces = namespaces;
        _disks = disks;
        _slots = slots;
        _changed = changed;
        _reservations = reservations;
        _features = features;
        _events = events;
        _wake = wake;
    }

    /// <summary>Takes a notice. Any thread.</summary>
    internal void Post(in ControllerNotice notice)
    {
        lock (_lock)
        {
            _inbox.Add(notice);
            _posted = true;
        }

        _wake();
    }

    /// <summary>Has a namespace that is attached in the table.</summary>
    internal void Follow(SubsystemNamespace target)
    {
        bool attached = target.IsAttached(_seat.Id);
        if (attached && !_namespaces.Holds(target))
        {
            // Without a queue it is as if it weren't attached.
            _namespaces.Set(target.Id, _disks.TryOpen(target.Disk) is { } queue ? new NvmeNamespace(target, _seat.Id, queue, _wake) : null);
        }
        else if (!attached && _namespaces.Holds(target))
        {
            _namespaces.Set(target.Id, null);
        }
    }

    /// <summary>Does what was posted. True when there was anything.</summary>
    /// <param name="reset">Whether a controller level reset was among it.</param>
    internal bool TakeNotices(out bool reset)
    {
        reset = false;
        if (!_posted)
        {
            return false;
        }

        lock (_lock)
        {
            (_inbox, _taken) = (_taken, _inbox);
            _posted = false;
        }

        foreach (ControllerNotice notice in _taken)
        {
            reset |= Take(in notice);
        }

        _taken.Clear();
        return true;
    }

    /// <summary>Looks whether commands of before are over, where somebody waits for that.</summary>
    internal void CheckFences()
    {
        for (int i = _fences.Count - 1; i >= 0; i--)
        {
            if (!IsBusy(_fences[i]))
            {
                _fences[i].Rendezvous.Arrive();
                _fences.RemoveAt(i);
            }
        }
    }

    /// <summary>A reset is through, or the controller gone: nothing is under way.</summary>
    internal void ArriveEverywhere()
    {
        foreach (Fence fence in _fences)
        {
            fence.Rendezvous.Arrive();
        }

        _fences.Clear();
        foreach (Rendezvous rendezvous in _resets)
        {
            rendezvous.Arrive();
        }

        _resets.Clear();
        _reservations.Clear();
    }

    /// <summary>The controller is gone, and what was posted to it has no reader.</summary>
    internal void Close()
    {
        lock (_lock)
        {
            foreach (ControllerNotice notice in _inbox)
            {
                notice.Rendezvous?.Arrive();
            }

            _inbox.Clear();
        }

        ArriveEverywhere();
    }

    private bool Take(in ControllerNotice notice)
    {
        switch (notice.Kind)
        {
            case NoticeKind.NamespaceChanged:
                Follow(notice.Namespace!);
                _changed.Add(notice.Namespace!.Id);
                if ((_features.EventConfiguration & EventConfiguration.NamespaceAttributes) != 0)
                {
                    _events.Raise(AsyncEvent.NamespaceAttributeChanged);
                }

                Await(in notice);
                return false;
            case NoticeKind.Drain:
                Await(in notice);
                return false;
            case NoticeKind.Reservation:
                Log(in notice);
                return false;
            default:
                if (notice.Rendezvous is not null)
                {
                    _resets.Add(notice.Rendezvous);
                }

                return true;
        }
    }

    private void Await(in ControllerNotice notice)
    {
        if (notice.Rendezvous is not null)
        {
            _fences.Add(new Fence(notice.Namespace!, _slots.LastSerial, notice.Rendezvous));
        }
    }

    private void Log(in ControllerNotice notice)
    {
        uint id = notice.Namespace!.Id;
        if (_namespaces.Find(id) is { } target && (target.NotificationMask & (1u << (int)notice.Reservation)) == 0)
        {
            _reservations.Add(id, notice.Reservation);
            _events.Raise(AsyncEvent.ReservationLogAvailable);
        }
    }

    private bool IsBusy(Fence fence)
    {
        for (int index = 0; index < _slots.Count; index++)
        {
            ref CommandSlot slot = ref _slots[index];
            if (slot.Requests != 0 && slot.Serial <= fence.Serial && (slot.Namespace?.Core == fence.Namespace || slot.Kind == CommandKind.Flush))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whoever waits for the commands on a namespace that were there at a time.</summary>
    private readonly record struct Fence(SubsystemNamespace Namespace, ulong Serial, Rendezvous Rendezvous);
}
