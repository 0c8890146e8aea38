namespace Viaduct.Emulated.Nvme.Sharing;

/// <summary>
/// The registrants of a namespace and the reservation that one of them holds (NVMe 1.4, 8.8); gone at power loss. Under
/// the subsystem's lock, but for <see cref="Permits"/>.
/// </summary>
internal sealed class Reservations
{
    /// <summary>Hosts that can be registered; bounds what a guest can fill by changing its identifier.</summary>
    internal const int MaxRegistrants = 256;

    private readonly List<Registrant> _registrants = [];
    private readonly Action<HostIdentity, ReservationNotice> _notify;
    private volatile ReservationState? _state;
    private HostIdentity? _holder;

    /// <param name="notify">Told which host is to hear of what.</param>
    internal Reservations(Action<HostIdentity, ReservationNotice> notify) => _notify = notify;

    /// <summary>The reservation there is.</summary>
    internal ReservationType Type { get; private set; }

    /// <summary>GEN: changes of the registrants.</summary>
    internal uint Generation { get; private set; }

    /// <summary>Who is registered, and with which key.</summary>
    internal IReadOnlyList<Registrant> Registrants => _registrants;

    private bool IsForAll => Type is ReservationType.WriteExclusiveAll or ReservationType.ExclusiveAccessAll;

    /// <summary>Whether a command goes ahead. Any thread, no lock.</summary>
    internal bool Permits(HostIdentity host, bool writes) => _state is not { } state || state.Permits(host, writes);

    /// <summary>Whether a host holds the reservation.</summary>
    internal bool IsHolder(HostIdentity host) =>
        Type != ReservationType.None && (IsForAll ? Find(host) >= 0 : _holder == host);

    /// <summary>Reservation Register, Register (6.11).</summary>
    internal NvmeStatus Register(HostIdentity host, ulong key)
    {
        int index = Find(host);
        if (index >= 0)
        {
            return _registrants[index].Key == key ? NvmeStatus.Success : NvmeStatus.ReservationConflict;
        }

        if (_registrants.Count == MaxRegistrants)
        {
            return NvmeStatus.InternalError;
        }

        _registrants.Add(new Registrant(host, key));
        return Registered();
    }

    /// <summary>Reservation Register, Unregister.</summary>
    internal NvmeStatus Unregister(HostIdentity host, ulong key, bool ignoreKey)
    {
        if (!IsRegistered(host, key, ignoreKey))
        {
            return NvmeStatus.ReservationConflict;
        }

        Remove(host);
        return Registered();
    }

    /// <summary>Reservation Register, Replace.</summary>
    internal NvmeStatus Replace(HostIdentity host, ulong key, ulong next, bool ignoreKey)
    {
        if (!IsRegistered(host, key, ignoreKey))
        {
            return NvmeStatus.ReservationConflict;
        }

        _registrants[Find(host)] = new Registrant(host, next);
        return Registered();
    }

    /// <summary>Reservation Acquire, Acquire (6.10).</summary>
    internal NvmeStatus Acquire(HostIdentity host, ulong key, ReservationType type)
    {
        if (!IsRegistered(host, key, ignoreKey: false))
        {
            return NvmeStatus.ReservationConflict;
        }

        if (Type != ReservationType.None)
        {
            return IsHolder(host) && Type == type ? NvmeStatus.Success : NvmeStatus.ReservationConflict;
        }

        Hold(host, type);
        Publish();
        return NvmeStatus.Success;
    }

    /// <summary>Reservation Acquire, Preempt (8.8.7).</summary>
    /// <param name="host">Who preempts.</param>
    /// <param name="key">Its key.</param>
    /// <param name="victim">Whose registrations go, by key.</param>
    /// <param name="type">The reservation that it wants.</param>
    /// <param name="preempted">The hosts that lost their registration.</param>
    internal NvmeStatus Preempt(HostIdentity host, ulong key, ulong victim, ReservationType type, List<HostIdentity> preempted)
    {
        if (!IsRegistered(host, key, ignoreKey: false))
        {
            return NvmeStatus.ReservationConflict;
        }

        bool everyone = IsForAll && victim == 0;
        if (victim == 0 && !everyone)
        {
            return NvmeStatus.InvalidField;
        }

        bool known = everyone || _registrants.Exists(each => each.Key == victim);
        if (!known)
        {
            return NvmeStatus.ReservationConflict;
        }

        bool takes = everyone || Type == ReservationType.None
            ? everyone
            : !IsForAll && _registrants[Find(_holder!)].Key == victim;
        ReservationType before = Type;
        // A host that preempts its own key keeps its registration.
        preempted.AddRange(_registrants.Where(each => (everyone || each.Key == victim) && each.Host != host).Select(each => each.Host));
        foreach (HostIdentity each in preempted)
        {
            _notify(each, takes && IsHolder(each) ? ReservationNotice.ReservationPreempted : ReservationNotice.RegistrationPreempted);
        }

        _registrants.RemoveAll(each => preempted.Contains(each.Host));
        if (takes)
        {
            Hold(host, type);
            if (before != type)
            {
                NotifyOthers(host, ReservationNotice.ReservationReleased);
            }
        }

        return Registered();
    }

    /// <summary>Reservation Release, Release (6.13).</summary>
    internal NvmeStatus Release(HostIdentity host, ulong key, ReservationType type)
    {
        if (!IsRegistered(host, key, ignoreKey: false))
        {
            return NvmeStatus.ReservationConflict;
        }

        if (!IsHolder(host))
        {
            return NvmeStatus.Success;
        }

        if (Type != type)
        {
            return NvmeStatus.InvalidField;
        }

        Drop(host);
        Publish();
        return NvmeStatus.Success;
    }

    /// <summary>Reservation Release, Clear.</summary>
    internal NvmeStatus Clear(HostIdentity host, ulong key)
    {
        if (!IsRegistered(host, key, ignoreKey: false))
        {
            return NvmeStatus.ReservationConflict;
        }

        NotifyOthers(host, ReservationNotice.ReservationPreempted);
        _registrants.Clear();
        Hold(null, ReservationType.None);
        return Registered();
    }

    /// <summary>A host without an identifier was reset: what it registered is gone (8.8).</summary>
    internal void Forget(HostIdentity host)
    {
        if (Find(host) >= 0)
        {
            Remove(host);
            Registered();
        }
    }

    private int Find(HostIdentity host) => _registrants.FindIndex(each => each.Host == host);

    private bool IsRegistered(HostIdentity host, ulong key, bool ignoreKey)
    {
        int index = Find(host);
        return index >= 0 && (ignoreKey || _registrants[index].Key == key);
    }

    private void Remove(HostIdentity host)
    {
        bool releases = IsForAll ? _registrants.Count == 1 : _holder == host;
        _registrants.RemoveAt(Find(host));
        if (Type != ReservationType.None && releases)
        {
            Drop(host);
        }
    }

    private void Hold(HostIdentity? host, ReservationType type)
    {
        _holder = host;
        Type = type;
    }

    /// <summary>Ends the reservation; where registrants have a part in it, they hear of it.</summary>
    private void Drop(HostIdentity by)
    {
        bool concerns = Type is not (ReservationType.WriteExclusive or ReservationType.ExclusiveAccess);
        Hold(null, ReservationType.None);
        if (concerns)
        {
            NotifyOthers(by, ReservationNotice.ReservationReleased);
        }
    }

    private void NotifyOthers(HostIdentity but, ReservationNotice notice)
    {
        foreach (Registrant each in _registrants)
        {
            if (each.Host != but)
            {
                _notify(each.Host, notice);
            }
        }
    }

    private NvmeStatus Registered()
    {
        Generation++;
        Publish();
        return NvmeStatus.Success;
    }

    private void Publish() => _state = Type == ReservationType.None
        ? null
        : new ReservationState(Type, _holder!, [.. _registrants.Select(each => each.Host)]);
}
