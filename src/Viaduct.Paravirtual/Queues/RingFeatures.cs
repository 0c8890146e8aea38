namespace Viaduct.Paravirtual.Queues;

/// <summary>What was agreed on for the rings of a device.</summary>
[Flags]
public enum RingFeatures
{
    /// <summary>A split ring with flags.</summary>
    None = 0,

    /// <summary>VIRTIO_F_INDIRECT_DESC.</summary>
    Indirect = 1,

    /// <summary>VIRTIO_F_EVENT_IDX.</summary>
    EventIndex = 2,

    /// <summary>VIRTIO_F_RING_PACKED.</summary>
    Packed = 4,

    /// <summary>VIRTIO_F_IN_ORDER.</summary>
    InOrder = 8,
}
