namespace Viaduct.Emulated.Nvme.Sharing;

/// <summary>What happened to a host's registration or to the reservation: Reservation Notification Log Page Type (NVMe 1.4, figure 213).</summary>
internal enum ReservationNotice : byte
{
    RegistrationPreempted = 1,
    ReservationReleased = 2,
    ReservationPreempted = 3,
}
