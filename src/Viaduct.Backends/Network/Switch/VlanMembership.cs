using System.Runtime.CompilerServices;

namespace Viaduct.Backends.Network.Switch;

/// <summary>
/// Which VLANs a port of a switch carries, and how (IEEE 802.1Q): an access port carries one, without a tag; a trunk
/// carries several with a tag, and its native one without.
/// </summary>
public sealed record VlanMembership
{
    /// <summary>VLAN numbers are 1 to 4094.</summary>
    public const int MaximumVlan = 4094;

    /// <summary>The VLAN of ports that nothing is said about.</summary>
    public const int DefaultVlan = 1;

    private const int Bits = 4096;
    private readonly ulong[] _carried;

    private VlanMembership(int untagged, bool access, ulong[] carried)
    {
        Untagged = untagged;
        IsAccess = access;
        _carried = carried;
    }

    /// <summary>All VLANs, with VLAN 1 as the native one.</summary>
    public static VlanMembership All { get; } = Trunk(Enumerable.Range(1, MaximumVlan));

    /// <summary>The VLAN whose frames have no tag here.</summary>
    public int Untagged { get; }

    /// <summary>Whether it carries that one alone.</summary>
    public bool IsAccess { get; }

    /// <summary>The set as 4096 bits.</summary>
    internal ReadOnlySpan<ulong> Carried => _carried;

    /// <summary>A port in one VLAN.</summary>
    public static VlanMembership Access(int vlan) => new(Checked(vlan), access: true, BitsOf([vlan]));

    /// <summary>A port that carries VLANs with a tag; <see cref="DefaultVlan"/>, if it is among them, without.</summary>
    public static VlanMembership Trunk(IEnumerable<int> vlans)
    {
        ulong[] carried = BitsOf(vlans);
        bool native = (carried[0] & (1UL << DefaultVlan)) != 0;
        return new VlanMembership(native ? DefaultVlan : 0, access: false, carried);
    }

    /// <summary>From what another process sent.</summary>
    /// <returns>Null when it is none.</returns>
    internal static VlanMembership? From(int untagged, bool access, ReadOnlySpan<ulong> carried)
    {
        bool none = untagged is < 0 or > MaximumVlan || carried.Length != Bits / 64 || (access && untagged == 0);
        return none ? null : new VlanMembership(untagged, access, carried.ToArray());
    }

    /// <summary>Whether frames of a VLAN come and go here.</summary>
    public bool Carries(int vlan) => (_carried[vlan / 64] & (1UL << (vlan % 64))) != 0;

    private static ulong[] BitsOf(IEnumerable<int> vlans)
    {
        ulong[] carried = new ulong[Bits / 64];
        foreach (int vlan in vlans)
        {
            carried[Checked(vlan) / 64] |= 1UL << (vlan % 64);
        }

        return carried;
    }

    private static int Checked(int vlan, [CallerArgumentExpression(nameof(vlan))] string? name = null) =>
        vlan is >= 1 and <= MaximumVlan ? vlan : throw new ArgumentOutOfRangeException(name, vlan, $"a VLAN is 1 to {MaximumVlan}");
}
