namespace Viaduct.Paravirtual.Transports.Pci;

/// <summary>What a vendor-specific capability of a virtio function points to (virtio 1.2, 4.1.4).</summary>
internal enum PciStructure : byte
{
    /// <summary>VIRTIO_PCI_CAP_COMMON_CFG.</summary>
    Common = 1,

    /// <summary>VIRTIO_PCI_CAP_NOTIFY_CFG.</summary>
    Notify = 2,

    /// <summary>VIRTIO_PCI_CAP_ISR_CFG.</summary>
    Isr = 3,

    /// <summary>VIRTIO_PCI_CAP_DEVICE_CFG.</summary>
    Device = 4,

    /// <summary>VIRTIO_PCI_CAP_PCI_CFG.</summary>
    ConfigAccess = 5,
}
