using System.Globalization;

namespace Viaduct.Sriov.Host;

/// <summary>The VLAN tag that a network card puts on what a virtual function sends, and takes off what it receives.</summary>
/// <param name="Vlan">1 to 4095; 0 for none.</param>
/// <param name="Priority">0 to 7.</param>
/// <param name="IsServiceTag">Whether it is of 802.1ad (QinQ), about a tag of the guest's own, or of 802.1Q.</param>
public readonly record struct VfVlanTag(int Vlan, int Priority, bool IsServiceTag)
{
    /// <summary>For people: <c>"VLAN 100 (802.1ad, priority 3)"</c>.</summary>
    public override string ToString() => Vlan == 0 && Priority == 0
        ? "no VLAN"
        : string.Create(CultureInfo.InvariantCulture, $"VLAN {Vlan} (802.1{(IsServiceTag ? "ad" : "Q")}, priority {Priority})");
}
