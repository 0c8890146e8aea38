using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Viaduct.Backends.Network.Switch;

/// <summary>The first message of a port to its switch: which VLANs it carries. The switch's answer, before any frame, is the first word of it.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct PortHello
{
    internal const int Length = 8 + 512;

    /// <summary>What both sides begin with; another version has another.</summary>
    internal const uint Magic = 0x3157_5356;


    private readonly uint _magic;
    private ushort _untagged;
    private ushort _access;
    private VlanBits _carried;

    internal PortHello(VlanMembership vlans)
    {
        _magic = Magic;
        _untagged = (ushort)vlans.Untagged;
        _access = (ushort)(vlans.IsAccess ? 1 : 0);
        vlans.Carried.CopyTo(_carried);
    }

    /// <summary>What the port carries; null when this is no such message.</summary>
    internal readonly VlanMembership? Vlans =>
        _magic == Magic && _access <= 1 ? VlanMembership.From(_untagged, _access == 1, _carried) : null;

    /// <summary>A bit a VLAN.</summary>
    [InlineArray(64)]
    private struct VlanBits
    {
        private ulong _first;
    }
}
