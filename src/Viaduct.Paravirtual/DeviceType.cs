namespace Viaduct.Paravirtual;

/// <summary>Device types (virtio 1.2, 5).</summary>
public enum DeviceType : ushort
{
    /// <summary>5.1.</summary>
    Network = 1,

    /// <summary>5.2.</summary>
    Block = 2,

    /// <summary>5.3.</summary>
    Console = 3,

    /// <summary>5.4.</summary>
    Entropy = 4,
}
