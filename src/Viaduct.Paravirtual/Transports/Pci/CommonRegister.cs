namespace Viaduct.Paravirtual.Transports.Pci;

/// <summary>The common configuration structure (virtio 1.2, 4.1.4.3): offsets of its fields.</summary>
internal static class CommonRegister
{
    internal const int DeviceFeatureSelect = 0x00;
    internal const int DeviceFeature = 0x04;
    internal const int DriverFeatureSelect = 0x08;
    internal const int DriverFeature = 0x0C;
    internal const int ConfigVector = 0x10;
    internal const int QueueCount = 0x12;
    internal const int DeviceStatus = 0x14;
    internal const int ConfigGeneration = 0x15;
    internal const int QueueSelect = 0x16;
    internal const int QueueSize = 0x18;
    internal const int QueueVector = 0x1A;
    internal const int QueueEnable = 0x1C;
    internal const int QueueNotifyOffset = 0x1E;
    internal const int QueueDescriptorArea = 0x20;
    internal const int QueueDriverArea = 0x28;
    internal const int QueueDeviceArea = 0x30;
    internal const int QueueNotifyData = 0x38;
    internal const int QueueReset = 0x3A;

    /// <summary>Bytes.</summary>
    internal const int Length = 0x3C;

    /// <summary>No interrupt (4.1.5.1.2).</summary>
    internal const ushort NoVector = 0xFFFF;
}
