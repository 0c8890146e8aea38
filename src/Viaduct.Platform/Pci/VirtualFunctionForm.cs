namespace Viaduct.Platform.Pci;

/// <summary>How a virtual function shows itself, which depends on who hosts it. The device behind is the same.</summary>
public enum VirtualFunctionForm
{
    /// <summary>Beside its physical function: IDs that read FFFFh, no BARs of its own, no memory enable (PCI Express Base 5.0, 9.3.4).</summary>
    InTopology,

    /// <summary>Without its physical function, as a server hosts it: IDs and BARs of an ordinary function, no interrupt pin.</summary>
    Alone,
}
