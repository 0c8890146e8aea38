namespace Viaduct.Emulated.Nvme.Data;

/// <summary>The SGL descriptors that the controller knows, by identifier (NVMe 1.4, figure 113), with an address in each.</summary>
internal enum SglKind : byte
{
    DataBlock = 0x00,

    /// <summary>A list of descriptors, the last of which leads to another list.</summary>
    Segment = 0x20,

    /// <summary>A list of data blocks.</summary>
    LastSegment = 0x30,
}
