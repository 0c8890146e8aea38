using Microsoft.Win32.SafeHandles;
using Viaduct.Assigned.Vfio.Interop;
using Viaduct.Platform.Host;

namespace Viaduct.Assigned.Vfio;

/// <summary>An address space of IOMMUFD with a guest's devices, each by its own character device (the kernel's Documentation/userspace-api/iommufd.rst).</summary>
internal sealed unsafe class IommufdSpace : DmaSpace
{
    /// <summary>The file that such spaces are made with.</summary>
    internal const string Path = "iommu";

    private readonly Lock _lock = new();
    private readonly IVfioKernel _kernel;
    private SafeFileHandle? _file;
    private uint _space;

    internal IommufdSpace(IVfioKernel kernel) => _kernel = kernel;

    internal override OpenedDevice Open(DevicePlace place)
    {
        lock (_lock)
        {
            _file ??= Make(place);
            string path = $"vfio/devices/{place.Device.VfioName}";
            SafeFileHandle device = _kernel.TryOpen(path, out int error) ?? throw OpenFailure.Of(place, path, error);
            try
            {
                Bind(place, device);
                VfioAttachIommufd attach = new() { ArgSize = (uint)sizeof(VfioAttachIommufd), AddressSpace = _space };
                int result = _kernel.Request(device, VfioRequests.VFIO_DEVICE_ATTACH_IOMMUFD_PT, &attach);
                return result >= 0 ? new OpenedDevice(device, static () => { }) : throw OpenFailure.OfAttach(place, -result);
            }
            catch
            {
                device.Dispose();
                throw;
            }
        }
    }

    // The kernel looks itself, at the reset as well.
    internal override int[]? ResetRights(IReadOnlyList<uint> groups, bool owned) => owned ? [] : null;

    public override void Dispose() => _file?.Dispose();

    private protected override int TryMap(ulong address, nint memory, ulong length, bool writable)
    {
        IommuIoasMap map = new()
        {
            Size = (uint)sizeof(IommuIoasMap),
            Flags = IommuIoasMap.FixedAddress | IommuIoasMap.CanRead | (writable ? IommuIoasMap.CanWrite : 0),
            AddressSpace = _space,
            HostAddress = (ulong)memory,
            Length = length,
            Address = address,
        };
        return -Math.Min(0, _kernel.Request(_file!, VfioRequests.IOMMU_IOAS_MAP, &map));
    }

    private protected override int TryUnmap(ulong address, ulong length)
    {
        IommuIoasUnmap unmap = new() { Size = (uint)sizeof(IommuIoasUnmap), AddressSpace = _space, Address = address, Length = length };
        return -Math.Min(0, _kernel.Request(_file!, VfioRequests.IOMMU_IOAS_UNMAP, &unmap));
    }

    private SafeFileHandle Make(DevicePlace place)
    {
        SafeFileHandle file = _kernel.TryOpen(Path, out int error) ?? throw OpenFailure.Of(place, Path, error);
        IommuIoasAlloc space = new() { Size = (uint)sizeof(IommuIoasAlloc) };
        int result = _kernel.Request(file, VfioRequests.IOMMU_IOAS_ALLOC, &space);
        if (result < 0)
        {
            file.Dispose();
            throw new AssignedDeviceException($"{place.Name}: {new HostException("IOMMU_IOAS_ALLOC", -result).Message}");
        }

        _space = space.AddressSpace;
        return file;
    }

    private void Bind(DevicePlace place, SafeFileHandle device)
    {
        VfioToken token = VfioToken.Of(place.Token.GetValueOrDefault());
        VfioBindIommufd bind = new()
        {
            ArgSize = place.Token is null ? VfioBindIommufd.SizeWithoutToken : (uint)sizeof(VfioBindIommufd),
            Flags = place.Token is null ? 0 : VfioBindIommufd.HasToken,
            Iommufd = (int)_file!.DangerousGetHandle(),
            TokenAddress = place.Token is null ? 0 : (ulong)&token,
        };
        int result = _kernel.Request(device, VfioRequests.VFIO_DEVICE_BIND_IOMMUFD, &bind);
        if (result < 0)
        {
            throw OpenFailure.OfBind(place, $"vfio/devices/{place.Device.VfioName}", -result);
        }
    }
}
