using Viaduct.Assigned.Vfio.Host;
using Viaduct.Assigned.Vfio.Interop;
using Viaduct.Platform.Host;

namespace Viaduct.Assigned.Vfio;

/// <summary>Says, for people, why a device that is bound for guests can't be had, and what to do.</summary>
internal static class OpenFailure
{
    private const string AskTheLog = "the kernel's log (dmesg) says why";

    /// <summary>A file of VFIO's can't be opened, or doesn't give the device.</summary>
    /// <param name="place">The device.</param>
    /// <param name="file">What was opened, from <c>/dev</c> on.</param>
    /// <param name="error">The errno.</param>
    internal static AssignedDeviceException Of(DevicePlace place, string file, int error)
    {
        HostException cause = new($"open /dev/{file}", error);
        return error switch
        {
            VfioCalls.EBUSY => Held(place, file, cause),
            VfioCalls.EACCES or VfioCalls.EPERM when place.Token is not null => Refusal(place, cause, "the vf-token is another than that of its physical function's guest"),
            VfioCalls.EACCES or VfioCalls.EPERM when place.Device.PhysicalFunction is { } physical =>
                Refusal(place, cause, $"this user may not, or its physical function {physical} is a guest's, too, and wants the vf-token that it was given: {place.Name},vf-token=UUID"),
            VfioCalls.EACCES or VfioCalls.EPERM => Refusal(place, cause, $"run as root, or let this user: chown $USER /dev/{file}"),
            VfioCalls.ENOENT when file == IommufdSpace.Path => Refusal(place, cause, "first: modprobe iommufd"),
            VfioCalls.ENOENT => Refusal(place, cause, "first: modprobe vfio-pci"),
            VfioCalls.ENODEV => Refusal(place, cause, "the host has just taken it away"),
            _ => Refusal(place, cause, AskTheLog),
        };
    }

    /// <summary>IOMMUFD doesn't take the device. One that is open already is an invalid argument to it, a group that isn't whole a busy one.</summary>
    internal static AssignedDeviceException OfBind(DevicePlace place, string file, int error)
    {
        bool isBusy = error is VfioCalls.EBUSY or VfioCalls.EINVAL;
        HostException cause = new($"bind /dev/{file}", error);
        return isBusy && FileUsers.Of(place.Pci, $"/dev/{file}") is not null ? Held(place, file, cause)
            : error == VfioCalls.EBUSY && place.Device.Group is { } group ? Refusal(place, cause, GroupRules.Explain(place.Pci, group))
            : Of(place, file, error);
    }

    /// <summary>The IOMMU doesn't take the device.</summary>
    internal static AssignedDeviceException OfAttach(DevicePlace place, int error)
    {
        HostException cause = new("put the device behind the IOMMU", error);
        return Refusal(place, cause, error switch
        {
            VfioCalls.EPERM => "where interrupt remapping is off, no device is safe to give away; switch it on in the firmware's set-up, or accept that: modprobe vfio_iommu_type1 allow_unsafe_interrupts=1",
            VfioCalls.EBUSY or VfioCalls.EINVAL => "a device of its group may be another guest's; " + AskTheLog,
            _ => AskTheLog,
        });
    }

    private static AssignedDeviceException Held(DevicePlace place, string file, HostException cause) => new(
        $"{place.Name}: {FileUsers.Of(place.Pci, $"/dev/{file}") ?? "another process"} has it; a device goes to one guest at a time: end that one, or share the device by virtual functions",
        isHeld: true,
        inner: cause);

    private static AssignedDeviceException Refusal(DevicePlace place, HostException cause, string remedy) =>
        new($"{place.Name}: {cause.Message}; {remedy}", inner: cause);
}
