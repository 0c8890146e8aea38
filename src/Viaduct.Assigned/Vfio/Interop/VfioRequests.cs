namespace Viaduct.Assigned.Vfio.Interop;

/// <summary>The requests of linux/vfio.h and linux/iommufd.h that are used, by their names there: <c>_IO(';', 100 + n)</c> and <c>_IO(';', 0x80 + n)</c>.</summary>
internal static class VfioRequests
{
    internal const uint VFIO_GET_API_VERSION = Vfio + 0;
    internal const uint VFIO_CHECK_EXTENSION = Vfio + 1;
    internal const uint VFIO_SET_IOMMU = Vfio + 2;
    internal const uint VFIO_GROUP_GET_STATUS = Vfio + 3;
    internal const uint VFIO_GROUP_SET_CONTAINER = Vfio + 4;
    internal const uint VFIO_GROUP_GET_DEVICE_FD = Vfio + 6;
    internal const uint VFIO_DEVICE_GET_INFO = Vfio + 7;
    internal const uint VFIO_DEVICE_GET_REGION_INFO = Vfio + 8;
    internal const uint VFIO_DEVICE_GET_IRQ_INFO = Vfio + 9;
    internal const uint VFIO_DEVICE_SET_IRQS = Vfio + 10;
    internal const uint VFIO_DEVICE_RESET = Vfio + 11;
    internal const uint VFIO_DEVICE_GET_PCI_HOT_RESET_INFO = Vfio + 12;
    internal const uint VFIO_DEVICE_PCI_HOT_RESET = Vfio + 13;
    internal const uint VFIO_IOMMU_MAP_DMA = Vfio + 13;
    internal const uint VFIO_IOMMU_UNMAP_DMA = Vfio + 14;
    internal const uint VFIO_DEVICE_FEATURE = Vfio + 17;
    internal const uint VFIO_DEVICE_BIND_IOMMUFD = Vfio + 18;
    internal const uint VFIO_DEVICE_ATTACH_IOMMUFD_PT = Vfio + 19;
    internal const uint IOMMU_IOAS_ALLOC = Iommufd + 1;
    internal const uint IOMMU_IOAS_MAP = Iommufd + 5;
    internal const uint IOMMU_IOAS_UNMAP = Iommufd + 6;

    /// <summary>The argument of <see cref="VFIO_CHECK_EXTENSION"/> and <see cref="VFIO_SET_IOMMU"/>.</summary>
    internal const int VFIO_TYPE1v2_IOMMU = 3;

    /// <summary>What <see cref="VFIO_GET_API_VERSION"/> answers.</summary>
    internal const int VFIO_API_VERSION = 0;

    private const uint Type = ';' << 8;
    private const uint Vfio = Type + 100;
    private const uint Iommufd = Type + 0x80;
}
