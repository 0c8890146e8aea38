using System.Globalization;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Viaduct.Assigned.Vfio.Host;
using Viaduct.Assigned.Vfio.Interop;

namespace Viaduct.Assigned.Vfio;

/// <summary>
/// A container with the groups of a guest's devices: what kernels had before IOMMUFD, and many still have
/// (the kernel's Documentation/driver-api/vfio.rst).
/// </summary>
internal sealed unsafe class GroupSpace : DmaSpace
{
    private readonly Lock _lock = new();
    private readonly Dictionary<int, Group> _groups = [];
    private readonly IVfioKernel _kernel;
    private SafeFileHandle? _container;

    internal GroupSpace(IVfioKernel kernel) => _kernel = kernel;

    internal override OpenedDevice Open(DevicePlace place)
    {
        int number = place.Device.Group ?? throw new AssignedDeviceException(
            $"{place.Name}: no IOMMU is in its way, so a guest could reach all of the host's memory by it; switch VT-d or AMD-Vi on, in the firmware's set-up and by intel_iommu=on on the kernel's command line");
        lock (_lock)
        {
            Group group = Enter(place, number);
            try
            {
                SafeFileHandle file = OpenDevice(place, group);
                return new OpenedDevice(file, () => Leave(number));
            }
            catch
            {
                Leave(number);
                throw;
            }
        }
    }

    internal override int[]? ResetRights(IReadOnlyList<uint> groups, bool owned)
    {
        lock (_lock)
        {
            return groups.All(number => _groups.ContainsKey((int)number))
                ? [.. groups.Distinct().Select(number => (int)_groups[(int)number].File.DangerousGetHandle())]
                : null;
        }
    }

    public override void Dispose() => _container?.Dispose();

    private protected override int TryMap(ulong address, nint memory, ulong length, bool writable)
    {
        VfioDmaMap map = new()
        {
            ArgSize = (uint)sizeof(VfioDmaMap),
            Flags = VfioDmaMap.CanRead | (writable ? VfioDmaMap.CanWrite : 0),
            HostAddress = (ulong)memory,
            Address = address,
            Size = length,
        };
        return -Math.Min(0, _kernel.Request(_container!, VfioRequests.VFIO_IOMMU_MAP_DMA, &map));
    }

    private protected override int TryUnmap(ulong address, ulong length)
    {
        VfioDmaUnmap unmap = new() { ArgSize = (uint)sizeof(VfioDmaUnmap), Address = address, Size = length };
        return -Math.Min(0, _kernel.Request(_container!, VfioRequests.VFIO_IOMMU_UNMAP_DMA, &unmap));
    }

    private Group Enter(DevicePlace place, int number)
    {
        if (_groups.TryGetValue(number, out Group? group))
        {
            group.Devices++;
            return group;
        }

        string path = string.Create(CultureInfo.InvariantCulture, $"vfio/{number}");
        SafeFileHandle file = _kernel.TryOpen(path, out int error) ?? throw OpenFailure.Of(place, path, error);
        group = new Group(file) { Devices = 1 };
        try
        {
            VfioGroupStatus status = new() { ArgSize = (uint)sizeof(VfioGroupStatus) };
            int result = _kernel.Request(file, VfioRequests.VFIO_GROUP_GET_STATUS, &status);
            if (result < 0 || (status.Flags & VfioGroupStatus.Viable) == 0)
            {
                throw new AssignedDeviceException($"{place.Name}: {GroupRules.Explain(place.Pci, number)}");
            }

            Join(place, file);
        }
        catch
        {
            file.Dispose();
            throw;
        }

        _groups.Add(number, group);
        return group;
    }

    // A container has its type from the first group until the last one is gone.
    private void Join(DevicePlace place, SafeFileHandle group)
    {
        _container ??= OpenContainer(place);
        int container = (int)_container.DangerousGetHandle();
        int result = _kernel.Request(group, VfioRequests.VFIO_GROUP_SET_CONTAINER, &container);
        if (result >= 0 && _groups.Count == 0)
        {
            result = _kernel.Request(_container, VfioRequests.VFIO_SET_IOMMU, (void*)VfioRequests.VFIO_TYPE1v2_IOMMU);
        }

        if (result < 0)
        {
            throw OpenFailure.OfAttach(place, -result);
        }
    }

    private SafeFileHandle OpenContainer(DevicePlace place)
    {
        const string Path = "vfio/vfio";
        SafeFileHandle container = _kernel.TryOpen(Path, out int error) ?? throw OpenFailure.Of(place, Path, error);
        bool known = _kernel.Request(container, VfioRequests.VFIO_GET_API_VERSION, null) == VfioRequests.VFIO_API_VERSION
            && _kernel.Request(container, VfioRequests.VFIO_CHECK_EXTENSION, (void*)VfioRequests.VFIO_TYPE1v2_IOMMU) > 0;
        if (known)
        {
            return container;
        }

        container.Dispose();
        throw new AssignedDeviceException($"{place.Name}: the host's VFIO has no IOMMU of type 1; first: modprobe vfio_iommu_type1");
    }

    private SafeFileHandle OpenDevice(DevicePlace place, Group group)
    {
        string text = place.Token is { } token ? $"{place.Address} vf_token={token}" : place.Address.ToString();
        fixed (byte* name = Encoding.ASCII.GetBytes(text + "\0"))
        {
            int result = _kernel.Request(group.File, VfioRequests.VFIO_GROUP_GET_DEVICE_FD, name);
            return result >= 0 ? new SafeFileHandle(result, ownsHandle: true) : throw OpenFailure.Of(place, "its group", -result);
        }
    }

    private void Leave(int number)
    {
        lock (_lock)
        {
            Group group = _groups[number];
            group.Devices--;
            if (group.Devices == 0)
            {
                _ = _groups.Remove(number);
                group.File.Dispose();
            }
        }
    }

    private sealed record Group(SafeFileHandle File)
    {
        internal int Devices { get; set; }
    }
}
