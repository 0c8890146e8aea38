using System.Runtime.InteropServices;

namespace Viaduct.Assigned.VfioUser.Protocol;

/// <summary>What the device is: 16 bytes, request and reply alike (VFIO's <c>vfio_device_info</c> without capabilities).</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct DeviceInfoMessage
{
    /// <summary>The device can be reset.</summary>
    public const uint CanReset = 1 << 0;

    /// <summary>It is a PCI device.</summary>
    public const uint IsPci = 1 << 1;

    /// <summary>Bytes that the asker has room for.</summary>
    public uint ArgSize;

    /// <summary><see cref="CanReset"/> and <see cref="IsPci"/>.</summary>
    public uint Flags;

    /// <summary>9 for PCI.</summary>
    public uint Regions;

    /// <summary>Kinds of interrupts: 5 for PCI.</summary>
    public uint Interrupts;
}
