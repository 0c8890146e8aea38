namespace Viaduct.Backends.Network.Frames;

/// <summary>Flags of an offload header (virtio 1.2, 5.1.6).</summary>
[Flags]
public enum OffloadFlags : byte
{
    /// <summary>Nothing is said about the checksum.</summary>
    None = 0,

    /// <summary>The receiver completes the checksum (VIRTIO_NET_HDR_F_NEEDS_CSUM).</summary>
    NeedsChecksum = 1,

    /// <summary>Somebody on the way has found the checksum to be right (VIRTIO_NET_HDR_F_DATA_VALID).</summary>
    DataValid = 2,
}
