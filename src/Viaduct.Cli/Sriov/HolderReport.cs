using Viaduct.Assigned;

namespace Viaduct.Cli.Sriov;

/// <summary>Who has a device, as <c>--json</c> writes it.</summary>
/// <param name="Process">The process id.</param>
/// <param name="Name">What it calls itself.</param>
/// <param name="Since">When it got the device.</param>
internal sealed record HolderReport(int Process, string Name, DateTimeOffset Since)
{
    internal static HolderReport? Of(DeviceHolder? holder) => holder is null ? null : new HolderReport(holder.Process, holder.Name, holder.Since);
}
