using Viaduct.Assigned.Vfio.Host;
using Viaduct.Platform.Host;

namespace Viaduct.Assigned.Vfio;

/// <summary>A device that a guest is about to get.</summary>
/// <param name="Pci">The host that has it.</param>
/// <param name="Device">As sysfs shows it, in the hands of a driver for guests.</param>
/// <param name="Token">What the users of a physical function that is a guest's and of its virtual functions have agreed on; null for none.</param>
internal sealed record DevicePlace(HostPci Pci, HostPciDevice Device, Guid? Token)
{
    /// <summary>Where it is.</summary>
    internal PciAddress Address => Device.Address;

    /// <summary>For people.</summary>
    internal string Name => $"vfio:{Address}";
}
