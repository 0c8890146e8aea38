using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Viaduct.Paravirtual.Network;

/// <summary>The device-specific configuration (virtio 1.2, 5.1.4).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NetworkConfig
{
    internal const int Length = 24;

    /// <summary>Status: the link is up.</summary>
    internal const ushort LinkUp = 1;

    /// <summary>Status: the driver is asked to announce its station.</summary>
    internal const ushort Announce = 2;

    internal const byte FullDuplex = 1;

    internal Address Mac;
    internal ushort Status;
    internal ushort MaximumPairs;
    internal ushort Mtu;
    internal uint Speed;
    internal byte Duplex;
    internal byte RssMaximumKey;
    internal ushort RssMaximumTable;
    internal uint HashTypes;

    /// <summary>The address, as it is on the wire.</summary>
    [InlineArray(6)]
    internal struct Address
    {
        private byte _first;
    }
}
