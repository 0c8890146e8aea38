namespace Viaduct.Assigned;

/// <summary>
/// The requests of a device that watches its doorbells (<see cref="AssignedDoorbell.IsWatched"/>). Armed, as they are at
/// first, a guest's write raises the signal; disarmed, the guest writes to memory and nobody hears of it.
/// </summary>
public interface IDoorbellTraps
{
    /// <summary>Who carries the requests out; none are made before it is set.</summary>
    IDoorbellTrapper? Trapper { get; set; }
}
