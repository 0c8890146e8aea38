using Viaduct.Assigned.Registry;
using Viaduct.Assigned.Vfio.Host;
using Viaduct.Platform.Host;

namespace Viaduct.Assigned.Vfio;

/// <summary>
/// One guest's devices of the host: they are taken from the host's drivers when the guest first needs them, are in one
/// space behind the IOMMU, and are given back at its end.
/// </summary>
public sealed class VfioGuest : IDisposable
{
    // Devices that died processes left are given back by one at a time, so that none finds its own taken for that.
    private static readonly Lock _taking = new();

    private readonly Lock _lock = new();
    private readonly string _holder;
    private readonly VfioHost _host;
    private readonly IReadOnlyList<PciAddress> _addresses;
    private readonly Action<string> _say;
    private readonly DriverBinder _binder;
    private readonly Dictionary<PciAddress, DeviceClaim> _claims = [];
    private readonly Dictionary<PciAddress, VfioDevice> _open = [];
    private GroupSpace? _groups;
    private IommufdSpace? _iommufd;
    private bool _looked;

    /// <param name="holder">Who takes them, for others to be told: <c>"guest 'a'"</c>.</param>
    /// <param name="addresses">All of them: those of one IOMMU group are taken together.</param>
    /// <param name="say">Told, for people, what was taken and given back.</param>
    /// <param name="host">Where they come from; this machine if null.</param>
    public VfioGuest(string holder, IReadOnlyList<PciAddress> addresses, Action<string> say, VfioHost? host = null)
    {
        _holder = holder;
        _addresses = addresses;
        _say = say;
        _host = host ?? VfioHost.This;
        _binder = new DriverBinder(_host.Pci, _host.Registry, say);
    }

    /// <summary>Where a device comes from. One for each address, for the guest's life.</summary>
    /// <param name="address">One of the guest's.</param>
    /// <param name="token">What the users of a physical function and of its virtual ones have agreed on, where both are guests'; null for none.</param>
    public IAssignedDeviceSource Source(PciAddress address, Guid? token = null) => new VfioSource(this, address, token);

    /// <summary>Gives the devices back to the host. None is in use any more.</summary>
    public void Dispose()
    {
        _groups?.Dispose();
        _iommufd?.Dispose();
        lock (_lock)
        {
            foreach ((PciAddress address, DeviceClaim claim) in _claims)
            {
                _binder.Release(claim, address);
            }

            _claims.Clear();
        }
    }

    /// <summary>When the file of a device in the hands of a driver for guests was made; null where there is none: another time is another hand-over.</summary>
    internal DateTime? HandedOver(PciAddress address)
    {
        HostPciDevice? device = _host.Pci.Find(address);
        string? path = device is not { IsForGuests: true } ? null
            : device.Group is { } group && File.Exists(_host.FileOfGroup(group)) ? _host.FileOfGroup(group)
            : device.VfioName is { } name ? _host.FileOfDevice(name) : null;
        return path is not null && File.Exists(path) ? File.GetLastWriteTimeUtc(path) : null;
    }

    /// <summary>Where such files come and go.</summary>
    internal string Files => _host.Files;

    /// <summary>Opens a device.</summary>
    /// <param name="address">Which.</param>
    /// <param name="token">As for <see cref="Source"/>.</param>
    /// <param name="closed">Called after it is closed again.</param>
    /// <exception cref="AssignedDeviceException">It can't be had.</exception>
    internal VfioDevice Open(PciAddress address, Guid? token, Action<VfioDevice> closed)
    {
        lock (_lock)
        {
            TakeGroup(address);
            HostPciDevice found = _host.Pci.Find(address) ?? throw new AssignedDeviceException($"vfio:{address}: the host has it no more");
            DevicePlace place = new(_host.Pci, found, token);
            DmaSpace space = SpaceFor(place);
            VfioDevice device = new(place, _host.Kernel, space.Open(place), space, _open.ContainsKey, each => Close(address, each, closed));
            _open.Add(address, device);
            if (device.ResetObstacle is { } obstacle)
            {
                _say($"{address} can't be reset: {obstacle}; it comes to the guest as its last user left it, and stays so when the guest resets it");
            }

            return device;
        }
    }

    // A group goes as a whole: with one device come those of the guest's that are in its group.
    private void TakeGroup(PciAddress address)
    {
        lock (_taking)
        {
            if (!_looked)
            {
                _looked = true;
                _ = _binder.GiveBackAbandoned();
            }

            int? group = _host.Pci.Find(address)?.Group;
            IEnumerable<PciAddress> others = group is null ? [] : _addresses.Where(each => each != address && _host.Pci.Find(each)?.Group == group);
            foreach (PciAddress each in (IEnumerable<PciAddress>)[address, .. others])
            {
                if (!_claims.ContainsKey(each))
                {
                    _claims.Add(each, _binder.Take(each, _holder));
                }
            }
        }
    }

    // By its own file and IOMMUFD where the kernel has both. Groups know tokens in all kernels, the other only in recent ones.
    private DmaSpace SpaceFor(DevicePlace place)
    {
        bool hasGroup = place.Device.Group is { } group && File.Exists(_host.FileOfGroup(group));
        bool hasFile = place.Device.VfioName is { } name && File.Exists(_host.FileOfDevice(name)) && File.Exists(_host.FileOfIommu);
        return hasFile && !(hasGroup && place.Token is not null)
            ? _iommufd ??= new IommufdSpace(_host.Kernel)
            : _groups ??= new GroupSpace(_host.Kernel);
    }

    private void Close(PciAddress address, VfioDevice device, Action<VfioDevice> closed)
    {
        lock (_lock)
        {
            _ = _open.Remove(address);
            if (device.WasRequested && _claims.Remove(address, out DeviceClaim? claim))
            {
                _binder.Forgo(claim, address);
            }
        }

        closed(device);
    }
}
