using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Viaduct.Backends.Interop;

/// <summary>The kernel's tap and interface calls; names and constants are those of <c>linux/if_tun.h</c> and <c>linux/if.h</c>.</summary>
internal static class TapCalls
{
    internal const nuint TUNSETIFF = 0x400454CA;
    internal const nuint TUNGETIFF = 0x800454D2;
    internal const nuint TUNSETOFFLOAD = 0x400454D0;
    internal const nuint SIOCGIFFLAGS = 0x8913;
    internal const nuint SIOCSIFFLAGS = 0x8914;
    internal const short IFF_UP = 1;
    internal const short IFF_TAP = 2;
    internal const short IFF_MULTI_QUEUE = 0x0100;
    internal const short IFF_NO_PI = 0x1000;
    internal const short IFF_VNET_HDR = 0x4000;
    internal const uint TUN_F_CSUM = 1;
    internal const uint TUN_F_TSO4 = 2;
    internal const uint TUN_F_TSO6 = 4;
    internal const uint TUN_F_TSO_ECN = 8;
    internal const uint TUN_F_USO4 = 0x20;
    internal const uint TUN_F_USO6 = 0x40;
    internal const int IFNAMSIZ = 16;

    /// <summary>struct ifreq with flags.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 40)]
    internal struct InterfaceRequest
    {
        internal InterfaceName Name;
        internal short Flags;
    }

    /// <summary>A name with a zero behind.</summary>
    [InlineArray(IFNAMSIZ)]
    internal struct InterfaceName
    {
        private byte _first;
    }
}
