namespace Viaduct.Paravirtual;

/// <summary>The feature bits that belong to no device type (virtio 1.2, 6), as masks of the 64-bit feature set.</summary>
public static class VirtioFeature
{
    /// <summary>Descriptor tables outside the ring.</summary>
    public const ulong IndirectDescriptors = 1UL << 28;

    /// <summary>Each side says at which index it wants to be told.</summary>
    public const ulong EventIndex = 1UL << 29;

    /// <summary>The device and the driver follow version 1 or later.</summary>
    public const ulong Version1 = 1UL << 32;

    /// <summary>The packed ring's layout.</summary>
    public const ulong RingPacked = 1UL << 34;

    /// <summary>Chains are used in the order in which they were made available.</summary>
    public const ulong InOrder = 1UL << 35;

    /// <summary>A single queue can be reset.</summary>
    public const ulong RingReset = 1UL << 40;

    /// <summary>The bits that are not a device type's own: 24 to 40, of which 41 to 49 are kept for the future (2.2).</summary>
    public const ulong NotDeviceSpecific = ((1UL << 50) - 1) & ~((1UL << 24) - 1);
}
