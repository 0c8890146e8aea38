namespace Viaduct.Platform.Pci;

/// <summary>What a function is in the PCI Express hierarchy (PCI Express Base 5.0, 7.5.3.2).</summary>
public enum PciExpressType : byte
{
    /// <summary>At the end of a link.</summary>
    Endpoint = 0,

    /// <summary>The root complex' end of a link.</summary>
    RootPort = 4,

    /// <summary>Part of the root complex: no link.</summary>
    RootComplexEndpoint = 9,
}
