namespace Viaduct.Engines.Kvm.Oracle;

/// <summary>
/// Where a case's code is in its slot. In the last slot of a page the only instruction runs over into the next page;
/// at the end of all slots that is data, and fetching it a page fault.
/// </summary>
/// <param name="Slot">The address of the slot.</param>
/// <param name="Entry">The address of the first instruction.</param>
internal readonly record struct CodePlace(ulong Slot, ulong Entry)
{
    private const int SlotsInPage = 4096 / OracleLayout.SlotLength;

    /// <summary>The longest instruction that may follow, with the jump to the tail, fits what is in front of the next slot's entry.</summary>
    private const int MostBeforePageEnd = 14;

    /// <summary>Whether the first instruction crosses into the next page.</summary>
    public bool CrossesPage => (Slot / OracleLayout.SlotLength) % SlotsInPage == SlotsInPage - 1;

    private bool FollowsCrossing => (Slot / OracleLayout.SlotLength) % SlotsInPage == 0;

    /// <summary>The place of a slot's code.</summary>
    public static CodePlace Of(int slot, CaseRandom random)
    {
        CodePlace place = new(OracleLayout.SlotAddress(slot), OracleLayout.SlotAddress(slot) + OracleLayout.SlotEntry);
        return place.CrossesPage
            ? place with { Entry = place.Slot + OracleLayout.SlotLength - 1 - (ulong)random.Below(MostBeforePageEnd) }
            : place;
    }

    /// <summary>A breakpoint of the slot, for a branch to end on.</summary>
    /// <param name="next">The address after the branch.</param>
    /// <param name="random">Chooses.</param>
    public ulong BranchTarget(ulong next, CaseRandom random)
    {
        const int JumpLength = 5;
        int end = (int)(next - Slot) + JumpLength;
        bool back = CrossesPage || (!FollowsCrossing && random.Percent(50));
        return Slot + (ulong)(back ? random.Below(OracleLayout.SlotEntry) : end + random.Below(OracleLayout.SlotLength - end));
    }
}
