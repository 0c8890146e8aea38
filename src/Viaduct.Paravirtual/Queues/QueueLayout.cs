namespace Viaduct.Paravirtual.Queues;

/// <summary>A queue as the driver laid it out (virtio 1.2, 2.6): its size and the guest physical addresses of its three areas.</summary>
/// <param name="Size">Descriptors in the ring.</param>
/// <param name="DescriptorArea">Split: the descriptor table. Packed: the ring.</param>
/// <param name="DriverArea">Split: the available ring. Packed: the driver's event suppression.</param>
/// <param name="DeviceArea">Split: the used ring. Packed: the device's event suppression.</param>
public readonly record struct QueueLayout(ushort Size, ulong DescriptorArea, ulong DriverArea, ulong DeviceArea)
{
    /// <summary>The largest size of a ring.</summary>
    public const ushort MaximumSize = 32768;

    /// <summary>Whether size and alignment are what the specification asks for (2.7, 2.8.10). Where the areas are is checked at each access.</summary>
    /// <param name="packed">Whether it is a packed ring.</param>
    public bool IsValid(bool packed) =>
        Size is not 0 and <= MaximumSize
        && (packed || (Size & (Size - 1)) == 0)
        && DescriptorArea % 16 == 0
        && DriverArea % (packed ? 4u : 2u) == 0
        && DeviceArea % 4 == 0;
}
