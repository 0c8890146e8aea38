namespace Viaduct.Paravirtual.Block;

/// <summary>Request types (virtio 1.2, 5.2.6).</summary>
internal enum BlockCommand : uint
{
    /// <summary>VIRTIO_BLK_T_IN.</summary>
    Read = 0,

    /// <summary>VIRTIO_BLK_T_OUT.</summary>
    Write = 1,

    /// <summary>VIRTIO_BLK_T_FLUSH.</summary>
    Flush = 4,

    /// <summary>VIRTIO_BLK_T_GET_ID.</summary>
    GetId = 8,

    /// <summary>VIRTIO_BLK_T_DISCARD.</summary>
    Discard = 11,

    /// <summary>VIRTIO_BLK_T_WRITE_ZEROES.</summary>
    WriteZeroes = 13,
}
