using System.Globalization;
using Viaduct.Assigned.Registry;
using Viaduct.Assigned.Vfio.Host;

namespace Viaduct.Assigned.Vfio;

/// <summary>A host whose devices are given to guests.</summary>
public sealed class VfioHost
{
    private readonly string _devices;

    internal VfioHost(HostPci pci, DeviceRegistry registry, IVfioKernel kernel)
    {
        Pci = pci;
        Registry = registry;
        Kernel = kernel;
        _devices = Path.Combine(pci.Root, "dev");
    }

    /// <summary>This machine.</summary>
    public static VfioHost This { get; } = new(new HostPci(), DeviceRegistry.Default, new HostVfioKernel());

    /// <summary>Its devices and their drivers.</summary>
    public HostPci Pci { get; }

    /// <summary>Who has which.</summary>
    public DeviceRegistry Registry { get; }

    internal IVfioKernel Kernel { get; }

    /// <summary>Where VFIO's files come and go.</summary>
    internal string Files => Path.Combine(_devices, "vfio");

    internal string FileOfIommu => Path.Combine(_devices, IommufdSpace.Path);

    internal string FileOfGroup(int group) => Path.Combine(Files, group.ToString(CultureInfo.InvariantCulture));

    internal string FileOfDevice(string name) => Path.Combine(Files, "devices", name);
}
