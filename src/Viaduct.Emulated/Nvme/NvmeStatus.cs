namespace Viaduct.Emulated.Nvme;

/// <summary>
/// How a command ended: the Status Field of a completion without its phase bit (NVMe 1.4, 4.6.1): status code (7:0),
/// status code type (10:8), Do Not Retry (14). A malformed command carries Do Not Retry; what may pass carries none.
/// </summary>
internal enum NvmeStatus : ushort
{
    Success = 0,

    // Generic (type 0) and for good.
    InvalidOpcode = DoNotRetry | 0x01,
    InvalidField = DoNotRetry | 0x02,
    DataTransferError = DoNotRetry | 0x04,
    InvalidNamespace = DoNotRetry | 0x0B,
    CommandSequenceError = DoNotRetry | 0x0C,
    InvalidSglSegment = DoNotRetry | 0x0D,
    InvalidSglCount = DoNotRetry | 0x0E,
    SglLengthInvalid = DoNotRetry | 0x0F,
    SglTypeInvalid = DoNotRetry | 0x11,
    InvalidPrpOffset = DoNotRetry | 0x13,
    SglGranularityInvalid = DoNotRetry | 0x1E,
    HostIdentifierInconsistent = DoNotRetry | 0x18,
    NamespaceWriteProtected = DoNotRetry | 0x20,
    LbaOutOfRange = DoNotRetry | 0x80,
    CapacityExceeded = DoNotRetry | 0x81,

    // Generic, and of the moment.
    InternalError = 0x06,
    AbortRequested = 0x07,
    AbortedByQueueDeletion = 0x08,
    NamespaceNotReady = 0x82,
    ReservationConflict = DoNotRetry | 0x83,
    FormatInProgress = 0x84,

    // Command specific (type 1).
    InvalidCompletionQueue = DoNotRetry | 0x100,
    InvalidQueueIdentifier = DoNotRetry | 0x101,
    InvalidQueueSize = DoNotRetry | 0x102,
    EventLimitExceeded = DoNotRetry | 0x105,
    InvalidInterruptVector = DoNotRetry | 0x108,
    InvalidLogPage = DoNotRetry | 0x109,
    InvalidFormat = DoNotRetry | 0x10A,
    InvalidQueueDeletion = DoNotRetry | 0x10C,
    FeatureNotSaveable = DoNotRetry | 0x10D,
    FeatureNotChangeable = DoNotRetry | 0x10E,
    FeatureNotPerNamespace = DoNotRetry | 0x10F,
    InsufficientCapacity = DoNotRetry | 0x115,
    NamespaceIdentifierUnavailable = DoNotRetry | 0x116,
    NamespaceAlreadyAttached = DoNotRetry | 0x118,
    NamespaceIsPrivate = DoNotRetry | 0x119,
    NamespaceNotAttached = DoNotRetry | 0x11A,
    ThinProvisioningNotSupported = DoNotRetry | 0x11B,
    ControllerListInvalid = DoNotRetry | 0x11C,
    InvalidControllerIdentifier = DoNotRetry | 0x11F,
    InvalidSecondaryState = DoNotRetry | 0x120,
    InvalidNumberOfResources = DoNotRetry | 0x121,
    InvalidResourceIdentifier = DoNotRetry | 0x122,

    // Media (type 2).
    WriteFault = 0x280,
    UnrecoveredReadError = 0x281,
    CompareFailure = DoNotRetry | 0x285,

    /// <summary>The bit that says that the same command would fail again.</summary>
    DoNotRetry = 0x4000,
}
