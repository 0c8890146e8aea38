using Viaduct.Platform.Host;
using Viaduct.Platform.Memory;

namespace Viaduct.Assigned;

/// <summary>A part of a region where a write is a signal to the device rather than an access that it answers.</summary>
/// <param name="Offset">Bytes from the region's start.</param>
/// <param name="Length">Bytes.</param>
/// <param name="Signal">What a write raises; the device disposes it.</param>
/// <param name="Values">Where the written value is left before; null where the device needs no more than the signal.</param>
/// <param name="ValuesOffset">Where in <paramref name="Values"/> the part begins.</param>
public sealed record AssignedDoorbell(ulong Offset, ulong Length, EventFd Signal, HostMemory? Values, ulong ValuesOffset)
{
    /// <summary>The only value whose write is a signal; null for any. Others are carried out at the device.</summary>
    public ulong? Match { get; init; }

    /// <summary>
    /// Whether the device watches <see cref="Values"/> while it has work, so that the guest may write there itself, and
    /// asks for the signal (<see cref="IDoorbellTraps"/>) only before it sleeps.
    /// </summary>
    public bool IsWatched { get; init; }
}
