namespace Viaduct.Emulated.Nvme.Admin;

/// <summary>The log pages that there are (NVMe 1.4, figure 191).</summary>
internal enum LogPageId : byte
{
    Errors = 0x01,
    Smart = 0x02,
    FirmwareSlot = 0x03,
    ChangedNamespaces = 0x04,
    CommandEffects = 0x05,
    ReservationNotifications = 0x80,
}
