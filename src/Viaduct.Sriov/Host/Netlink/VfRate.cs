using System.Runtime.InteropServices;

namespace Viaduct.Sriov.Host.Netlink;

/// <summary>struct ifla_vf_rate (linux/if_link.h), in Mbit/s; 0 is no limit.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct VfRate
{
    internal uint Function;
    internal uint Least;
    internal uint Most;
}
