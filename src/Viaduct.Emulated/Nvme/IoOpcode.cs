namespace Viaduct.Emulated.Nvme;

/// <summary>The commands of the NVM command set that the controller knows (NVMe 1.4, figure 346).</summary>
internal enum IoOpcode : byte
{
    Flush = 0x00,
    Write = 0x01,
    Read = 0x02,
    Compare = 0x05,
    WriteZeroes = 0x08,
    DatasetManagement = 0x09,
    ReservationRegister = 0x0D,
    ReservationReport = 0x0E,
    ReservationAcquire = 0x11,
    ReservationRelease = 0x15,
}
