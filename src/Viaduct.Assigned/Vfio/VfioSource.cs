using Viaduct.Platform.Host;

namespace Viaduct.Assigned.Vfio;

/// <summary>
/// A function of the host's. One that the host took back isn't taken again: it comes back to the guest when somebody
/// hands it to VFIO anew.
/// </summary>
internal sealed class VfioSource : IAssignedDeviceSource
{
    private readonly VfioGuest _guest;
    private readonly PciAddress _address;
    private readonly Guid? _token;
    private DateTime? _handedOver;
    private bool _takenBack;

    internal VfioSource(VfioGuest guest, PciAddress address, Guid? token)
    {
        _guest = guest;
        _address = address;
        _token = token;
        Name = $"vfio:{address}";
    }

    public string Name { get; }

    public IAssignedDevice Open()
    {
        if (_takenBack && (_guest.HandedOver(_address) is not { } time || time == _handedOver))
        {
            throw new AssignedDeviceException(
                $"{Name}: the host has it; to let the guest have it again: echo vfio-pci > /sys/bus/pci/devices/{_address}/driver_override; echo {_address} > /sys/bus/pci/drivers_probe");
        }

        VfioDevice device = _guest.Open(_address, _token, closed => _takenBack = closed.WasRequested);
        _handedOver = _guest.HandedOver(_address);
        return device;
    }

    public IDisposable? Watch(Action appeared)
    {
        if (!Directory.Exists(_guest.Files))
        {
            return null;
        }

        FileSystemWatcher watcher = new(_guest.Files) { NotifyFilter = NotifyFilters.FileName, IncludeSubdirectories = true };
        watcher.Created += (_, _) => appeared();
        watcher.EnableRaisingEvents = true;
        return watcher;
    }
}
