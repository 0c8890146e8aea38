namespace Viaduct.Engines.Software.InterruptControllers;

/// <summary>What an interrupt message asks of its destination; the values are those of the ICR, LVT, MSI data and redirection entries (Intel SDM vol. 3A 11.6.1).</summary>
public enum DeliveryMode
{
    /// <summary>The vector, to every destination.</summary>
    Fixed = 0,

    /// <summary>The vector, to the one destination that runs at the lowest priority.</summary>
    LowestPriority = 1,

    /// <summary>System management interrupt; this engine has none and drops it.</summary>
    Smi = 2,

    /// <summary>Non-maskable interrupt; the vector is ignored.</summary>
    Nmi = 4,

    /// <summary>Back to the state after INIT, waiting for a start-up message.</summary>
    Init = 5,

    /// <summary>Start in real mode at the page that the vector names.</summary>
    StartUp = 6,

    /// <summary>As from an 8259A; there is none here and it is dropped.</summary>
    External = 7,
}
