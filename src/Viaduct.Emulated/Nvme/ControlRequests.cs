namespace Viaduct.Emulated.Nvme;

/// <summary>What register writes ask of the worker.</summary>
[Flags]
internal enum ControlRequests
{
    None = 0,

    /// <summary>CC.EN went from one to zero, or the function was reset: back to the state after power-on.</summary>
    Reset = 1,

    /// <summary>CC changed otherwise.</summary>
    Configuration = 2,

    /// <summary>INTMS or INTMC changed.</summary>
    InterruptMask = 4,
}
