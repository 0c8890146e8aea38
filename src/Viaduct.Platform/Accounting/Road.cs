namespace Viaduct.Platform.Accounting;

/// <summary>The way by which a guest's requests reach a device.</summary>
public enum Road
{
    /// <summary>No road of the four: the board's own parts.</summary>
    Board,

    /// <summary>The monitor models real hardware.</summary>
    Emulated,

    /// <summary>A front-end driver talks to a back-end over an interface made for it.</summary>
    Paravirtual,

    /// <summary>A physical device is given whole to one guest.</summary>
    Assigned,

    /// <summary>A virtual function of a shared device is given to the guest.</summary>
    Shared,
}
