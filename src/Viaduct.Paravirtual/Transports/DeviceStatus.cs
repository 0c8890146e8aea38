namespace Viaduct.Paravirtual.Transports;

/// <summary>The device status field (virtio 1.2, 2.1).</summary>
internal static class DeviceStatus
{
    internal const int Acknowledge = 1;
    internal const int Driver = 2;
    internal const int DriverOk = 4;
    internal const int FeaturesOk = 8;
    internal const int NeedsReset = 64;
    internal const int Failed = 128;

    /// <summary>What the driver sets.</summary>
    internal const int DriverBits = Acknowledge | Driver | DriverOk | FeaturesOk | Failed;
}
