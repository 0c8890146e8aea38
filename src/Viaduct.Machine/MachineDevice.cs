using Viaduct.Assigned;
using Viaduct.Platform.Accounting;
using Viaduct.Platform.Pci;

namespace Viaduct.Machine;

/// <summary>A device in a slot of the machine.</summary>
/// <param name="Id">As the user named it.</param>
/// <param name="Kind">For people: <c>"nvme"</c>, <c>"virtio-blk"</c>.</param>
/// <param name="Function">Its PCI function; an assigned device's is the first that was in the slot.</param>
/// <param name="Counters">What it cost so far.</param>
public sealed record MachineDevice(string Id, string Kind, PciFunction Function, DeviceCounters Counters)
{
    /// <summary>The slot of an assigned device, where it may be lost and come back as another function; null for others.</summary>
    public AssignedSlot? Slot { get; init; }
}
