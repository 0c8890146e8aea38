using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Viaduct.Sriov.Host.Netlink;

/// <summary>struct ifla_vf_mac (linux/if_link.h): the address stands at the front of a field for longer ones.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct VfAddress
{
    internal uint Function;
    internal AddressBytes Bytes;

    [InlineArray(32)]
    internal struct AddressBytes
    {
        private byte _first;
    }
}
