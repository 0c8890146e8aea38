namespace Viaduct.Platform.Pci;

/// <summary>What has to follow from a write to configuration space.</summary>
[Flags]
internal enum ConfigEffects
{
    None = 0,

    /// <summary>Where BARs are seen, who may master the bus, bus numbers.</summary>
    Routing = 1,

    /// <summary>Whether INTx is driven.</summary>
    Interrupts = 2,

    /// <summary>The function is reset.</summary>
    FunctionReset = 4,

    /// <summary>Everything behind the bridge is reset.</summary>
    SecondaryReset = 8,

    /// <summary>Virtual functions come or go.</summary>
    VirtualFunctions = 16,
}
