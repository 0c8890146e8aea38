namespace Viaduct.Platform.Accounting;

/// <summary>The counts of a device at one moment, or, as a difference of two, over a span of work.</summary>
public readonly record struct DeviceCounts
{
    /// <summary>Guest accesses that left the guest's execution for the monitor.</summary>
    public long Exits { get; init; }

    /// <summary>Doorbells that reached the device's worker.</summary>
    public long Doorbells { get; init; }

    /// <summary>Interrupts sent to the guest.</summary>
    public long Interrupts { get; init; }

    /// <summary>Bytes the device read from guest memory.</summary>
    public long DmaReadBytes { get; init; }

    /// <summary>Bytes the device wrote to guest memory.</summary>
    public long DmaWrittenBytes { get; init; }

    /// <summary>Requests of the guest that were finished.</summary>
    public long Requests { get; init; }

    /// <summary>Operations of the back-end.</summary>
    public long BackendOperations { get; init; }

    /// <summary>Bytes the back-end moved.</summary>
    public long BackendBytes { get; init; }

    /// <summary>CPU time of the device's workers, and the time vCPU threads spent in its registers.</summary>
    public TimeSpan MonitorCpu { get; init; }

    /// <summary>The frames of a network device.</summary>
    public NetworkCounts Network { get; init; }

    /// <summary>Whether there were doorbells that went from the engine to another process, uncounted.</summary>
    public bool MissesDoorbells { get; init; }

    /// <summary>Whether there were interrupts that went from another process, or the host, to the engine, uncounted.</summary>
    public bool MissesInterrupts { get; init; }

    /// <summary>What was counted between two readings.</summary>
    public static DeviceCounts operator -(DeviceCounts later, DeviceCounts earlier) => Subtract(later, earlier);

    /// <inheritdoc cref="op_Subtraction"/>
    public static DeviceCounts Subtract(DeviceCounts later, DeviceCounts earlier) => new()
    {
        Exits = later.Exits - earlier.Exits,
        Doorbells = later.Doorbells - earlier.Doorbells,
        Interrupts = later.Interrupts - earlier.Interrupts,
        DmaReadBytes = later.DmaReadBytes - earlier.DmaReadBytes,
        DmaWrittenBytes = later.DmaWrittenBytes - earlier.DmaWrittenBytes,
        Requests = later.Requests - earlier.Requests,
        BackendOperations = later.BackendOperations - earlier.BackendOperations,
        BackendBytes = later.BackendBytes - earlier.BackendBytes,
        MonitorCpu = later.MonitorCpu - earlier.MonitorCpu,
        Network = later.Network - earlier.Network,
        MissesDoorbells = later.MissesDoorbells,
        MissesInterrupts = later.MissesInterrupts,
    };

    /// <summary>What was counted over two spans together.</summary>
    public static DeviceCounts operator +(DeviceCounts left, DeviceCounts right) => Add(left, right);

    /// <inheritdoc cref="op_Addition"/>
    public static DeviceCounts Add(DeviceCounts left, DeviceCounts right) => new()
    {
        Exits = left.Exits + right.Exits,
        Doorbells = left.Doorbells + right.Doorbells,
        Interrupts = left.Interrupts + right.Interrupts,
        DmaReadBytes = left.DmaReadBytes + right.DmaReadBytes,
        DmaWrittenBytes = left.DmaWrittenBytes + right.DmaWrittenBytes,
        Requests = left.Requests + right.Requests,
        BackendOperations = left.BackendOperations + right.BackendOperations,
        BackendBytes = left.BackendBytes + right.BackendBytes,
        MonitorCpu = left.MonitorCpu + right.MonitorCpu,
        Network = left.Network + right.Network,
        MissesDoorbells = left.MissesDoorbells || right.MissesDoorbells,
        MissesInterrupts = left.MissesInterrupts || right.MissesInterrupts,
    };
}
