using System.Runtime.InteropServices;

namespace Viaduct.Sriov.Host.Netlink;

/// <summary>struct ifinfomsg (linux/rtnetlink.h): which network interface a message is about.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct InterfaceHeader
{
    internal byte Family;
    internal byte Padding;
    internal ushort Kind;
    internal int Index;
    internal uint Flags;
    internal uint Change;
}
