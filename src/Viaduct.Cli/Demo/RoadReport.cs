namespace Viaduct.Cli.Demo;

/// <summary>One road in the demonstration's report: its names are those of <c>--json</c>.</summary>
internal sealed record RoadReport
{
    /// <summary><c>emulated</c>, <c>paravirtual</c>, <c>assigned</c> or <c>shared</c>.</summary>
    public required string Road { get; init; }

    /// <summary>The device's kind: <c>nvme</c>, <c>virtio-blk</c>.</summary>
    public required string Device { get; init; }

    /// <summary>The guest's driver that bound to it.</summary>
    public required string Driver { get; init; }

    /// <summary>The guest's name.</summary>
    public required string Guest { get; init; }

    /// <summary>Bytes written and read back.</summary>
    public required long Bytes { get; init; }

    /// <summary>How long that took.</summary>
    public required double Seconds { get; init; }

    /// <summary>Requests that the device finished.</summary>
    public required long Requests { get; init; }

    /// <summary>Accesses that left the guest for the monitor.</summary>
    public required long Exits { get; init; }

    /// <summary>Interrupts that the device sent.</summary>
    public required long Interrupts { get; init; }

    /// <summary>The monitor's CPU time for the device.</summary>
    public required double MonitorCpuSeconds { get; init; }

    /// <summary>Whether all checksums agree, in the guest and on the host.</summary>
    public required bool Verified { get; init; }
}
