using System.Runtime.InteropServices;

namespace Viaduct.Sriov.Host.Netlink;

/// <summary>A virtual function, counted from 0, and a number about it: ifla_vf_spoofchk, _trust, _link_state (linux/if_link.h).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct VfWord
{
    internal uint Function;
    internal uint Value;
}
