namespace Viaduct.Emulated.Nvme.Admin;

/// <summary>The features that there are (NVMe 1.4, figure 271).</summary>
internal enum FeatureId : byte
{
    Arbitration = 0x01,
    PowerManagement = 0x02,
    TemperatureThreshold = 0x04,
    ErrorRecovery = 0x05,
    VolatileWriteCache = 0x06,
    NumberOfQueues = 0x07,
    InterruptCoalescing = 0x08,
    InterruptVectorConfiguration = 0x09,
    WriteAtomicity = 0x0A,
    AsynchronousEventConfiguration = 0x0B,
    Timestamp = 0x0E,
    HostBehaviorSupport = 0x16,
    HostIdentifier = 0x81,
    ReservationNotificationMask = 0x82,
    ReservationPersistence = 0x83,
}
