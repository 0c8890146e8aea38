using System.Globalization;
using Viaduct.Assigned.Registry;
using Viaduct.Assigned.Vfio.Host;

namespace Viaduct.Sriov.Host;

/// <summary>Finds out who or what uses a function: guests of ours by the registry, those of others by the VFIO files that are open, and the host itself.</summary>
internal sealed class FunctionUses(HostPci pci, SriovFiles files, DeviceRegistry registry)
{
    private const uint NetworkClass = 2;

    /// <summary>What uses a function; null where nothing does.</summary>
    internal FunctionUse? Of(HostPciDevice device) => OfGuests(device) ?? OfHost(device);

    /// <summary>Which guest has a function; null where none has.</summary>
    internal FunctionUse? OfGuests(HostPciDevice device)
    {
        if (registry.Find(device.Address.ToString()) is { IsHeld: true } entry)
        {
            return new FunctionUse(entry.Holder.ToString(), entry.Holder, "end that guest, or unplug the device from it", CanForce: false);
        }

        return device.IsForGuests && UserOf(device) is { } user
            ? new FunctionUse($"{user}, by VFIO", null, "end that process, or have it give the device back", CanForce: false)
            : null;
    }

    private string? UserOf(HostPciDevice device)
    {
        string vfio = Path.Combine(pci.Root, "dev/vfio");
        return (device.VfioName is { } name ? FileUsers.Of(pci, Path.Combine(vfio, "devices", name)) : null)
            ?? (device.Group is { } group ? FileUsers.Of(pci, Path.Combine(vfio, group.ToString(CultureInfo.InvariantCulture))) : null);
    }

    private FunctionUse? OfHost(HostPciDevice device)
    {
        if (HostUse.OfDisks(pci, device.Address) is { } disk)
        {
            return new FunctionUse($"this host: {disk.What}", null, disk.Remedy, CanForce: false);
        }

        if (HostUse.OfInterfaces(pci, device.Address) is { } network)
        {
            return new FunctionUse($"this host: {network.What}", null, network.Remedy, CanForce: true);
        }

        // A driver for network cards makes an interface; where there is none to be seen, a container has it.
        bool isElsewhere = device.ClassCode >> 16 == NetworkClass && device.Driver is not null && !device.IsForGuests && files.InterfaceOf(device.Address) is null;
        return isElsewhere
            ? new FunctionUse("another network namespace, which has its interface", null, "end that container, or move the interface back", CanForce: true)
            : null;
    }
}
