namespace Viaduct.Emulated.Nvme.Admin;

/// <summary>The asynchronous events that the controller reports; each value is dword 0 of the completion: type (2:0), information (15:8), log page (23:16) (NVMe 1.4, 5.2.1).</summary>
internal enum AsyncEvent : uint
{
    InvalidDoorbellRegister = ((uint)LogPageId.Errors << 16) | (0 << 8) | 0,
    InvalidDoorbellValue = ((uint)LogPageId.Errors << 16) | (1 << 8) | 0,
    TemperatureThreshold = ((uint)LogPageId.Smart << 16) | (1 << 8) | 1,
    NamespaceAttributeChanged = ((uint)LogPageId.ChangedNamespaces << 16) | (0 << 8) | 2,
    ReservationLogAvailable = ((uint)LogPageId.ReservationNotifications << 16) | (0 << 8) | 6,
}
