using System.Text.Json.Serialization;
using Viaduct.Machine;
using Viaduct.Platform.Accounting;

namespace Viaduct.Cli.Lab;

/// <summary>What a guest's device did over the guest's whole run, boot included.</summary>
internal sealed record LabDeviceReport
{
    /// <summary>Its id in the guest.</summary>
    public required string Device { get; init; }

    /// <summary><c>nvme</c>, <c>virtio-blk</c> …</summary>
    public required string Kind { get; init; }

    /// <summary>How the guest reaches it.</summary>
    public required string Road { get; init; }

    /// <summary>Requests that were finished.</summary>
    public long Requests => Counts.Requests;

    /// <summary>Accesses that left the guest for the monitor.</summary>
    public long Exits => Counts.Exits;

    /// <summary>Doorbells that the device's worker got.</summary>
    public long Doorbells => Counts.Doorbells;

    /// <summary>Interrupts that it sent.</summary>
    public long Interrupts => Counts.Interrupts;

    /// <summary>Bytes it read of guest memory.</summary>
    public long DmaReadBytes => Counts.DmaReadBytes;

    /// <summary>Bytes it wrote to guest memory.</summary>
    public long DmaWrittenBytes => Counts.DmaWrittenBytes;

    /// <summary>The monitor's CPU time for it.</summary>
    public double MonitorCpuSeconds => Math.Round(Counts.MonitorCpu.TotalSeconds, 6);

    /// <summary>All counts.</summary>
    [JsonIgnore]
    public DeviceCounts Counts { get; init; }

    internal static LabDeviceReport From(MachineDevice device) => new()
    {
        Device = device.Id,
        Kind = device.Kind,
        Road = device.Counters.Road.ToString().ToLowerInvariant(),
        Counts = device.Counters.Read(),
    };

    /// <summary>With what the same device did in the guest's next machine.</summary>
    internal LabDeviceReport Plus(LabDeviceReport later) => this with { Counts = Counts + later.Counts };
}
