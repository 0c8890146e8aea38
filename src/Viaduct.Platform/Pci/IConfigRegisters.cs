namespace Viaduct.Platform.Pci;

/// <summary>Registers of the configuration space whose values steer the platform. All calls are made under the topology's lock.</summary>
internal interface IConfigRegisters
{
    /// <summary>The guest wrote some of the watched bytes.</summary>
    ConfigEffects Written();

    /// <summary>The configuration space holds its reset values again.</summary>
    void Reset();
}
