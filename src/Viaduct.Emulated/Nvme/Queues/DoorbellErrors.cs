namespace Viaduct.Emulated.Nvme.Queues;

/// <summary>Doorbell writes that make no sense; each is an asynchronous event (NVMe 1.4, figure 146).</summary>
[Flags]
internal enum DoorbellErrors
{
    None = 0,

    /// <summary>The doorbell of a queue that doesn't exist.</summary>
    InvalidRegister = 1,

    /// <summary>A value that is outside the queue, or frees more entries than there are.</summary>
    InvalidValue = 2,
}
