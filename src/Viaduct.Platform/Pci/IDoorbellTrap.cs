namespace Viaduct.Platform.Pci;

/// <summary>
/// Who shows a page of doorbells to a guest as memory, and can have its stores told. Calls come from the device's worker
/// and don't wait.
/// </summary>
public interface IDoorbellTrap
{
    /// <summary>
    /// Asks that each store be told by <see cref="DoorbellPage.Ring"/>. Answered by <see cref="DoorbellPage.Trapped"/>
    /// once no store can pass untold any more.
    /// </summary>
    /// <param name="ticket">Which request it is, for the answer.</param>
    void Arm(long ticket);

    /// <summary>Lets stores go to memory alone from now on.</summary>
    void Disarm();
}
