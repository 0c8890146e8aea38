namespace Viaduct.Emulated.Nvme.Sharing;

/// <summary>Who may do what while a namespace is reserved; never changes, so that workers look at it without a lock.</summary>
internal sealed class ReservationState(ReservationType type, HostIdentity holder, HostIdentity[] registrants)
{
    /// <summary>Whether a host's command goes ahead (NVMe 1.4, 8.8, "Command Behavior in the Presence of a Reservation").</summary>
    /// <param name="host">Who asks.</param>
    /// <param name="writes">Whether the command changes the namespace, which Flush counts as.</param>
    internal bool Permits(HostIdentity host, bool writes)
    {
        if (!writes && type is (ReservationType.WriteExclusive or ReservationType.WriteExclusiveRegistrants or ReservationType.WriteExclusiveAll))
        {
            return true;
        }

        return type is ReservationType.WriteExclusive or ReservationType.ExclusiveAccess
            ? holder == host
            : Array.IndexOf(registrants, host) >= 0;
    }
}
