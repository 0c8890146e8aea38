namespace Viaduct.Paravirtual.Block;

/// <summary>The last byte of a request (virtio 1.2, 5.2.6).</summary>
internal enum BlockStatus : byte
{
    /// <summary>VIRTIO_BLK_S_OK.</summary>
    Ok = 0,

    /// <summary>VIRTIO_BLK_S_IOERR: the device or the driver made an error.</summary>
    Error = 1,

    /// <summary>VIRTIO_BLK_S_UNSUPP.</summary>
    Unsupported = 2,
}
