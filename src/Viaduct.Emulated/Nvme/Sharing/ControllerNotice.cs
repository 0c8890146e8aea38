namespace Viaduct.Emulated.Nvme.Sharing;

/// <summary>A subsystem's word to a controller's worker.</summary>
/// <param name="Kind">What it is about.</param>
/// <param name="Namespace">Which namespace, where it is about one.</param>
/// <param name="Rendezvous">Who waits until it is done, if anybody.</param>
/// <param name="Reservation">What happened, where it is about a reservation.</param>
internal readonly record struct ControllerNotice(NoticeKind Kind, SubsystemNamespace? Namespace = null, Rendezvous? Rendezvous = null, ReservationNotice Reservation = default);
