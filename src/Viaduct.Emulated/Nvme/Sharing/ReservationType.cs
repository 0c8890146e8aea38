namespace Viaduct.Emulated.Nvme.Sharing;

/// <summary>Reservation types (NVMe 1.4, figure 401).</summary>
internal enum ReservationType : byte
{
    None = 0,
    WriteExclusive = 1,
    ExclusiveAccess = 2,
    WriteExclusiveRegistrants = 3,
    ExclusiveAccessRegistrants = 4,
    WriteExclusiveAll = 5,
    ExclusiveAccessAll = 6,
}
