using Viaduct.Platform.AddressSpaces;

namespace Viaduct.Paravirtual.Transports.Pci;

/// <summary>The device-specific configuration structure (virtio 1.2, 4.1.4.6), in accesses of any size.</summary>
internal sealed class DeviceConfiguration : IAccessHandler
{
    private readonly ConfigImage _config;

    internal DeviceConfiguration(ConfigImage config) => _config = config;

    public AccessStatus Read(ulong offset, int size, out ulong value)
    {
        value = _config.Read(offset, size);
        return AccessStatus.Done;
    }

    public AccessStatus Write(ulong offset, int size, ulong value)
    {
        _config.Write(offset, size, value);
        return AccessStatus.Done;
    }
}
