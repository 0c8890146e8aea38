using System.Runtime.InteropServices;

namespace Viaduct.Sriov.Host.Netlink;

/// <summary>struct ifla_vf_vlan_info (linux/if_link.h): VLAN 0 is none; the protocol is of network byte order.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct VfVlan
{
    internal uint Function;
    internal uint Vlan;
    internal uint Priority;
    internal ushort Protocol;
}
